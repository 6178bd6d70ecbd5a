-- A sub-goal has a cap of its own only where the step that opened it names a budget.
begin;
select plan(3);
select tests.world();

create function pg_temp.sub(p_more jsonb) returns jsonb language sql as $$
  select '{"kind": "subgoal"}'::jsonb || jsonb_build_object('input', '{"title": "Part", "description": "A part of it"}'::jsonb || p_more) $$;
create function pg_temp.caps(p_run_id bigint) returns text language sql as $$
  select string_agg(b.scope || case when b.sub_run_id is null then '' else '*' end, ' ' order by b.place) from goalpost_private.budgets_of(p_run_id, goalpost_private.clock()) b $$;
select tests.set('other', tests.planned('plain', jsonb_build_object('plain', pg_temp.sub('{"budget": {"max_microusd": 5}}'))));
select tests.set('run', tests.planned('plain, capped', jsonb_build_object('plain', pg_temp.sub('{}'), 'capped', pg_temp.sub('{"budget": {"max_microusd": 7}}'))));
select is(pg_temp.caps(tests.run_below(tests.get('run'), 'plain')), 'workspace_month user_day run', 'a sub-goal without a cap counts for the request''s caps');
select is(pg_temp.caps(tests.run_below(tests.get('run'), 'capped')), 'workspace_month user_day run run*', 'a sub-goal with a cap counts for that as well');
select is(pg_temp.caps(tests.get('run')), 'workspace_month user_day run', 'the goal above counts for the request''s caps alone');

select * from finish();
rollback;
