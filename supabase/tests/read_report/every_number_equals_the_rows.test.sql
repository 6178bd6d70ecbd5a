-- The report of a goal adds up the rows of the goal and its sub-goals; each number equals a query of its own.
begin;
select plan(18);
select tests.world();

insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
select tests.set('run', tests.planned('a, b:a', jsonb_build_object('a', tests.agent('own'), 'b', tests.agent('own')), '["good"]'));
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
select tests.spend(tests.get('run'), 'a', 100);
select tests.spend(tests.get('run'), 'a', 11);
select tests.finish(tests.get('run'), 'a', 'failed', '{"error": {"code": "broken", "message": "it broke", "retryable": true}}');
select tests.advance_clock('1 hour');
select tests.spend(tests.get('run'), 'a', 7);
select tests.finish(tests.get('run'), 'a', 'completed', '{"result": {"text": "done"}}');
-- Another goal of the workspace, planned later, with a step of the same key.
select tests.set('other', tests.planned('a', jsonb_build_object('a', tests.agent('own')), '["other"]'));
select tests.finish(tests.get('other'), 'a', 'failed', '{"error": {"code": "broken", "message": "it broke", "retryable": true}}');
update goalpost.plan_revisions set revision = 9, reasons = '["of another"]' where run_id = tests.get('other');
create function pg_temp.report(p_person text default 'mia') returns jsonb language sql as $$
  select tests.json_for(p_person, format('select goalpost.read_report(%s)', tests.get('goal'))) $$;

select is(pg_temp.report() #>> '{usage,all,calls}', (select count(*)::text from goalpost.usage_events where goal_id = tests.get('goal')), 'the calls are those of the usage');
select is(pg_temp.report() #>> '{usage,all,cost_microusd}', (select sum(cost_microusd)::text from goalpost.usage_events where goal_id = tests.get('goal')), 'the cost is the sum of the usage');
select is(pg_temp.report() #>> '{usage,all,cost_microusd}', '118', 'the cost is that of three calls');
select is((select sum((t ->> 'cost_microusd')::bigint) from jsonb_array_elements(pg_temp.report() -> 'steps') t), 118::numeric, 'the costs of the steps add up to it');
select is(pg_temp.report() #>> '{usage,agents,0,agent}', 'own', 'the cost is listed by agent');
select is((select sum((t ->> 'cost_microusd')::bigint) from jsonb_array_elements(pg_temp.report() #> '{usage,models}') t), 118::numeric, 'the costs of the models add up to it');
select is((select t ->> 'attempts' from jsonb_array_elements(pg_temp.report() -> 'steps') t where t ->> 'key' = 'a'), '2', 'a step has its attempts');
select is((select t ->> 'agent' from jsonb_array_elements(pg_temp.report() -> 'steps') t where t ->> 'key' = 'a'), 'own', 'a step has its agent');
select is(pg_temp.report() #>> '{plan,revision}', '1', 'the plan is that of the goal''s run');
select is(pg_temp.report() -> 'question', to_jsonb((tests.request_of(tests.get('run'))).question), 'the report has the question');
select is(pg_temp.report() #>> '{criteria,0,verdict}', 'open', 'the report has the criteria');
select matches(pg_temp.report() #>> '{suggestions,0,message}', 'the step a needed 2 attempts', 'a step with two attempts is a suggestion');
select is(jsonb_array_length(pg_temp.report() -> 'history'), 0, 'a goal that goes on has no history of its own');

-- History: ended goals of the type, oldest first, with their costs.
update goalpost.goals set state = 'completed', ended_at = goalpost_private.clock() where id = tests.get('goal');
select is(pg_temp.report() #>> '{history,0,cost_microusd}', '118', 'the ended goal is in the history of its kind, with its cost');
select is(jsonb_array_length(pg_temp.report() -> 'history'), 1, 'goals of other kinds and workspaces are not in it');
select ok(pg_temp.report() -> 'suggestions' @> '[{"code": "not_rated"}, {"code": "no_runbook"}]', 'a goal without rating and runbook is a suggestion');
select is(tests.refusal_for('sam', format('select goalpost.read_report(%s)', tests.get('goal'))), 'ZG001', 'a stranger cannot read the report');
select is((select ((pg_temp.report('vera')) #>> '{goal,state}')), 'completed', 'a viewer reads the report');

select * from finish();
rollback;
