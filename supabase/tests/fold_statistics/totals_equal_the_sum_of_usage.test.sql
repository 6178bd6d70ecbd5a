-- The views add the folded totals and the unfolded rows: always the sum of usage_events.
begin;
select plan(10);
select tests.world(p_bystanders => false);

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('acme'), 'own', 't', 'd', 'g', '{}');
select tests.price();
select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'a', 'running', 'agent', jsonb_build_object('agent_id', (select min(id) from goalpost.agents where name = 'analyst')));
create function pg_temp.differences() returns setof text language sql as $$
  select 'day' from (select day, calls, input_tokens, output_tokens, cost_microusd from goalpost.day_costs
                     except select (created_at at time zone 'UTC')::date, count(*), sum(input_tokens), sum(output_tokens), sum(cost_microusd) from goalpost.usage_events group by 1) d
  union all
  select 'user' from (select user_id, calls, cost_microusd from goalpost.user_costs except select user_id, count(*), sum(cost_microusd) from goalpost.usage_events group by 1) d
  union all
  select 'agent' from (select agent_id, calls, cost_microusd from goalpost.agent_costs except select agent_id, count(*), sum(cost_microusd) from goalpost.usage_events group by 1) d
  union all
  select 'runbook' from (select runbook_id, calls, cost_microusd from goalpost.runbook_costs except select runbook_id, count(*), sum(cost_microusd) from goalpost.usage_events group by 1) d
  union all
  select 'estimated' from (select estimated_microusd from goalpost.user_costs except select coalesce(sum(cost_microusd) filter (where is_estimate), 0) from goalpost.usage_events) d
  union all
  select 'estimated of days' where (select sum(estimated_microusd) from goalpost.day_costs) is distinct from (select coalesce(sum(cost_microusd) filter (where is_estimate), 0) from goalpost.usage_events)
  union all
  select 'whole' where (select sum(cost_microusd) from goalpost.day_costs) is distinct from (select sum(cost_microusd) from goalpost.usage_events) $$;

select tests.reserve(tests.get('run'), 'a') from generate_series(1, 4);
select tests.end_turn(tests.get('run'), 'a', 1, tests.answer(100, 10));
select tests.end_turn(tests.get('run'), 'a', 2, tests.no_end());
select isnt((select sum(estimated_microusd) from goalpost.user_costs), 0::numeric, 'a call whose end is unknown is estimated');
select is((select count(*) from goalpost.unfolded_statistics), 2::bigint, 'each booked call appends one row');
select is_empty('select pg_temp.differences()', 'the views include rows that are not folded');
select is(goalpost_private.fold_statistics(1, goalpost_private.clock()), 1, 'a fold takes at most its limit of rows');
select is_empty('select pg_temp.differences()', 'the views add folded and unfolded rows');
select is(goalpost_private.fold_statistics(10, goalpost_private.clock()), 1, 'the next fold takes the rest');
update goalpost.workflow_runs set runbook_id = (select id from goalpost.runbooks where name = 'own') where id = tests.get('run');
select tests.advance_clock('1 day');
select tests.end_turn(tests.get('run'), 'a', 2, tests.answer(7, 1));
select tests.end_turn(tests.get('run'), 'a', 3, tests.answer(50, 5));
select is_empty('select pg_temp.differences()', 'a late cost corrects the total that its estimate was in');
select goalpost_private.fold_statistics(10, goalpost_private.clock());
select is_empty('select pg_temp.differences()', 'the corrected total holds after the next fold');
select is((select count(*) from goalpost.daily_usage), 2::bigint, 'a day, person, agent and runbook has one row');
select is((select sum(calls)::bigint from goalpost.day_costs), 3::bigint, 'a call with a corrected cost counts once');

select * from finish();
rollback;
