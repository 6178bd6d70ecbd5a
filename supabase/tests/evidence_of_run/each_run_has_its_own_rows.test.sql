-- The evidence of a run has its own question, plan, steps and cost, whatever stands beside it.
begin;
select plan(7);
select tests.world();

create function pg_temp.goal(p_question text, p_key text) returns bigint language plpgsql as $$
declare
  v_run bigint;
  v_assess bigint;
begin
  v_assess := (tests.json_for('mia', format('select goalpost.accept_request(%L, %L)', tests.id_of('acme'), p_question)) ->> 'run_id')::bigint;
  perform tests.do_complete(v_assess, 'assess', jsonb_build_object('decision', 'goal', 'goal', jsonb_build_object('title', 'Title of ' || p_question, 'description', 'd'), 'score', 1, 'reasons', '[]'::jsonb));
  v_run := (select max(id) from goalpost.workflow_runs);
  perform tests.do_complete(v_run, 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps(p_key)), 'model', 'm'));
  perform tests.bare_turn(v_assess, 'assess');
  insert into goalpost.usage_events (run_id, step_key, number, lease_epoch, workspace_id, user_id, provider, model, cost_microusd, created_at)
  values (v_assess, 'assess', 1, 0, tests.id_of('acme'), tests.id_of('mia'), 'p', 'm', 70, now());
  perform tests.do_complete(v_run, p_key, jsonb_build_object('text', 'done by ' || p_key));
  return v_run;
end $$;
select tests.set('one', pg_temp.goal('First?', 'a')), tests.set('two', pg_temp.goal('Second?', 'b'));
select tests.advance_clock('1 minute');
create function pg_temp.evidence() returns jsonb language sql as $$
  select goalpost_private.evidence_of_run(r, 'UTC') from goalpost.workflow_runs r where r.id = tests.get('two') $$;
select is((select count(*) from (select pg_temp.evidence()) e), 1::bigint, 'one row for one run');
select is(pg_temp.evidence() ->> 'question' || ' ' || (pg_temp.evidence() ->> 'title'), 'Second? Title of Second?', 'its question and title');
select is(pg_temp.evidence() #>> '{plan,steps,0,key}', 'b', 'its plan');
insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan) values (tests.get('two'), 2, tests.id_of('acme'), '{"steps": [{"key": "later"}]}');
select is(pg_temp.evidence() #>> '{plan,steps,0,key}', 'b', 'the first one');
select is((select string_agg((s ->> 'key') || ' ' || coalesce(s #>> '{result,text}', 'none'), ', ') from jsonb_array_elements(pg_temp.evidence() -> 'steps') s), 'b done by b', 'its steps, without plan and judge');
select is((pg_temp.evidence() ->> 'model_calls') || ' ' || (pg_temp.evidence() ->> 'cost_microusd'), '1 70', 'its cost with that of its assessment');

insert into goalpost.tool_calls (run_id, step_key, number, workspace_id, attempt, tool, tool_version, idempotent, writes, arguments, arguments_hash, idempotency_key, rule, created_at, state, ended_at, result)
select tests.get(c.run), c.key, 1, tests.id_of('acme'), 1, c.tool, 1, true, false, '{}', 'h', c.tool, 'default', now(), 'done', now(), '{}'
  from (values ('one', 'a', 'sql'), ('two', 'b', 'http_get'), ('two', 'plan', 'calculate')) c (run, key, tool);
select is((select string_agg(c ->> 'tool', ', ') from jsonb_array_elements(pg_temp.evidence() #> '{steps,0,calls}') c), 'http_get', 'a step has its own calls');

select * from finish();
rollback;
