-- JSON has many forms of one number. Each limit accepts a whole number in any form, and refuses everything else with
-- ZG003.
begin;
select * from no_plan();
select tests.world();

create function pg_temp.set_one(p_limit text, p_value text) returns text
language sql as $$
  select tests.refusal_for('adam', format('select goalpost.set_workspace_limits(%L, jsonb_build_object(%L, %L::jsonb))',
    tests.id_of('acme'), p_limit, p_value))
$$;
create temp table named (name text);
insert into named values ('max_open_requests'), ('goal_budget_microusd'), ('goal_budget_tokens'), ('user_day_microusd'),
  ('user_day_tokens'), ('workspace_month_microusd'), ('workspace_month_tokens'), ('plan_approval_microusd');

select is(pg_temp.set_one(n.name, v), 'none', format('%s is set to %s', n.name, v))
  from named n, unnest(array['1', '1.0', '1e0', '10e-1', '1e3', '7.000e2']) v;
select is(pg_temp.set_one(n.name, v), 'ZG003', format('%s is not set to %s', n.name, v))
  from named n,
       unnest(array['"1e12"', '"1"', '"abc"', '""', '"NaN"', '"Infinity"', '1.5', '1e-9', '-1', '1e400', '99999999999999999999999',
                    'null', 'true', '[]', '[1]', '{}']) v;
select is((select w.goal_budget_microusd || ' ' || w.max_open_requests from goalpost.workspaces w where w.id = tests.id_of('acme')),
  '700 700', 'the last form that was set is stored as its number');

select * from finish();
rollback;
