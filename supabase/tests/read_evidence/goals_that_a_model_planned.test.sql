-- The evidence of an analysis: goals that a model planned and reached, of this workspace alone, with their calls.
begin;
select plan(30);
select tests.world(false);

create function pg_temp.goal(p_person text default 'mia') returns bigint language plpgsql as $$
declare
  v_run bigint;
begin
  v_run := (tests.json_for(p_person, format('select goalpost.accept_request(%L, ''How many orders?'')', tests.id_of('acme'))) ->> 'run_id')::bigint;
  perform tests.do_complete(v_run, 'assess', '{"decision": "goal", "goal": {"title": "Orders", "description": "d"}, "score": 1, "reasons": []}');
  v_run := (select max(id) from goalpost.workflow_runs);
  perform tests.do_complete(v_run, 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a')), 'model', 'm'));
  return v_run;
end $$;
create function pg_temp.ended(p_run bigint, p_result text default 'done') returns bigint language plpgsql as $$
begin
  perform tests.do_complete(p_run, 'a', jsonb_build_object('text', p_result));
  if tests.state(p_run, 'judge') = 'ready' then
    perform tests.do_complete(p_run, 'judge', '{"decision": "complete", "report": "r", "result": {}, "verdicts": []}');
  end if;
  return p_run;
end $$;
create function pg_temp.evidence() returns jsonb language plpgsql as $$
declare
  v_run bigint;
begin
  perform tests.json_for('petra', format('select goalpost.start_analysis(%L)', tests.id_of('acme')));
  v_run := (select max(run_id) from goalpost.steps where kind = 'analyze');
  if tests.state(v_run, 'analyze') = 'ready' then
    perform tests.start(v_run, 'analyze');
  end if;
  return goalpost_worker.read_evidence(v_run, 'analyze', (tests.step(v_run, 'analyze')).lease_epoch);
end $$;
create function pg_temp.runs() returns text language sql as $$
  select coalesce(string_agg(r ->> 'run_id', ' '), '') from jsonb_array_elements(pg_temp.evidence() -> 'runs') r $$;

select is(pg_temp.runs(), '', 'without a goal there is nothing to learn from');
select tests.set('run', pg_temp.goal());
select is(pg_temp.runs(), '', 'an open goal is no evidence');
select pg_temp.ended(tests.get('run'));
select is(pg_temp.runs(), tests.get('run')::text, 'a goal that was reached is');
select is((select r ->> 'question' || ' ' || (r ->> 'title') || ' ' || (r ->> 'local_now') from jsonb_array_elements(pg_temp.evidence() -> 'runs') r),
          'How many orders? Orders Tuesday, 2030-01-01 12:00:00', 'with its question and the time');
select is((select r #>> '{plan,steps,0,key}' from jsonb_array_elements(pg_temp.evidence() -> 'runs') r), 'a', 'with its plan');
insert into goalpost.tool_calls (run_id, step_key, number, workspace_id, attempt, tool, tool_version, idempotent, writes, arguments, arguments_hash,
  idempotency_key, rule, created_at, state, ended_at, result)
select tests.get('run'), 'a', c.number, tests.id_of('acme'), 1, c.tool, 1, true, false, '{"query": "select 1"}', 'h', 'k' || c.number, 'default', now(), 'done', now(), c.result::jsonb
  from (values (1, 'sql', '{"row_count": 1}'), (2, 'remember', '{}'), (3, 'sql', to_json(repeat('x', 40000))::text)) c (number, tool, result);
select is((select string_agg(c ->> 'tool' || ' ' || coalesce(c ->> 'result', 'none'), ', ') from jsonb_array_elements(pg_temp.evidence() -> 'runs') r, jsonb_array_elements(r #> '{steps,0,calls}') c),
          'sql {"row_count": 1}, sql none', 'with its calls, without large results and without what only steers the agent');
update goalpost.tool_calls set state = 'failed', result = null, error = '{}' where number = 1;
select is(pg_temp.runs(), '', 'a goal with a failed call is no evidence');
update goalpost.tool_calls set state = 'done', result = '{}', error = null where number = 1;
update goalpost.tool_calls set tool = 'delegate' where number = 2;
select is(pg_temp.runs(), '', 'nor one with delegated work');
update goalpost.tool_calls set tool = 'recall' where number = 2;
update goalpost.workflow_runs set revision = 2 where id = tests.get('run');
select is(pg_temp.runs(), '', 'nor one that was planned twice');
update goalpost.workflow_runs set revision = 1 where id = tests.get('run');
select tests.json_for('mia', format('select goalpost.give_feedback(%s, ''bad'', ''Not the open ones'')', (tests.goal_of(tests.get('run'))).id));
select is(pg_temp.runs(), '', 'nor one that was rated bad');
select is((select pg_temp.evidence() #>> '{ratings,0,comment}'), 'Not the open ones', 'the remark is evidence itself');
select tests.json_for('mia', format('select goalpost.give_feedback(%s, ''good'')', (tests.goal_of(tests.get('run'))).id));
select is(pg_temp.runs(), tests.get('run')::text, 'rated good it counts again');
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan)
values (tests.id_of('acme'), 'book', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a')));
select tests.do_complete((tests.json_for('mia', format('select goalpost.accept_request(%L, ''go'', p_runbook => ''book'')', tests.id_of('acme'))) ->> 'run_id')::bigint, 'a', '{"text": "done"}');
select is(pg_temp.runs(), tests.get('run')::text, 'a goal that followed a runbook teaches nothing new');
insert into goalpost.goal_criteria (goal_id, number, workspace_id, description, verdict) values ((tests.goal_of(tests.get('run'))).id, 9, tests.id_of('acme'), 'c', 'unknown');
select is(pg_temp.runs(), '', 'nor does one with a criterion that is not met');
delete from goalpost.goal_criteria where number = 9;
select tests.set('other', (tests.json_for('sam', format('select goalpost.accept_request(%L, ''go'')', tests.id_of('elsewhere'))) ->> 'run_id')::bigint);
select is(pg_temp.runs(), tests.get('run')::text, 'other workspaces are not read');
-- A second goal, with one fault at a time: it is left out, and the first stays.
select tests.set('two', pg_temp.ended(pg_temp.goal()));
select tests.set('goal', (tests.goal_of(tests.get('two'))).id);
with request as (
  insert into goalpost.requests (workspace_id, user_id, question, state, ended_at) values (tests.id_of('elsewhere'), tests.id_of('sam'), 'q', 'answered', goalpost_private.clock()) returning id
), goal as (
  insert into goalpost.goals (id, workspace_id, user_id, request_id, root_goal_id, title, description, state, ended_at)
  select 900000, tests.id_of('elsewhere'), tests.id_of('sam'), id, 900000, 't', 'd', 'completed', goalpost_private.clock() from request returning *
)
insert into goalpost.workflow_runs (id, workspace_id, user_id, workflow_type, request_id, goal_id, root_run_id, deadline_at, state, revision, ended_at)
select 900000, workspace_id, user_id, 'goal', request_id, id, 900000, now(), 'completed', 1, now() from goal;
select is(pg_temp.runs(), tests.get('two') || ' ' || tests.get('run'), 'the newest comes first, and reached goals of others do not');
insert into goalpost.tool_calls (run_id, step_key, number, workspace_id, attempt, tool, tool_version, idempotent, writes, arguments, arguments_hash, idempotency_key, rule, created_at, state, ended_at, error)
values (tests.get('two'), 'a', 1, tests.id_of('acme'), 1, 'sql', 1, true, false, '{}', 'h', 'kk', 'default', now(), 'failed', now(), '{}');
select is(pg_temp.runs(), tests.get('run')::text, 'a failed call of one run');
delete from goalpost.tool_calls where run_id = tests.get('two');
insert into goalpost.goal_criteria (goal_id, number, workspace_id, description, verdict) values (tests.get('goal'), 9, tests.id_of('acme'), 'c', 'unmet');
select is(pg_temp.runs(), tests.get('run')::text, 'an unmet criterion of one goal');
update goalpost.goal_criteria set verdict = 'met' where number = 9;
select is(pg_temp.runs(), tests.get('two') || ' ' || tests.get('run'), 'a met one is no fault');
insert into goalpost_private.rating_effects (workspace_id, goal_id, step_key, effect) values (tests.id_of('acme'), tests.get('goal'), '', -1);
select is(pg_temp.runs(), tests.get('run')::text, 'a bad rating of one goal');
delete from goalpost_private.rating_effects where goal_id = tests.get('goal');
insert into goalpost.steps (run_id, key, workspace_id, kind, title, state, ended_at) values (tests.get('two'), 'extra', tests.id_of('acme'), 'tool', 'x', 'skipped', now());
select is(pg_temp.runs(), tests.get('run')::text, 'a skipped step of one run');
delete from goalpost.steps where key = 'extra';
insert into goalpost.steps (run_id, key, workspace_id, kind, title, state, ended_at) values (tests.get('two'), 'extra', tests.id_of('acme'), 'subgoal', 'x', 'completed', now());
select is(pg_temp.runs(), tests.get('run')::text, 'a sub-goal of one run');
delete from goalpost.steps where key = 'extra';
update goalpost.goals set state = 'failed' where id = tests.get('goal');
select is(pg_temp.runs(), tests.get('run')::text, 'a goal that failed');
update goalpost.goals set state = 'completed', parent_goal_id = (tests.goal_of(tests.get('run'))).id, parent_run_id = tests.get('run'), parent_step_key = 'a' where id = tests.get('goal');
select is(pg_temp.runs(), tests.get('run')::text, 'a goal below another');
delete from goalpost.goals where id = tests.get('goal');
update goalpost.steps set result = jsonb_build_object('text', repeat('x', 4000000)) where run_id = tests.get('run') and key = 'a';
select is(pg_temp.runs(), tests.get('run')::text, 'a large run fits');
update goalpost.steps set result = jsonb_build_object('text', repeat('x', 9000000)) where run_id = tests.get('run') and key = 'a';
select is(pg_temp.runs(), '', 'one that is too large for a reply is left out');
update goalpost.steps set result = '{}' where run_id = tests.get('run') and key = 'a';
select tests.advance_clock('91 days');
select is(pg_temp.runs(), '', 'after 90 days a goal is forgotten');
select is(tests.refusal(format('select goalpost_worker.read_evidence(%s, ''analyze'', 0)', (select max(run_id) from goalpost.steps where kind = 'analyze'))), 'ZG009', 'only the worker that holds the step reads');
select is((select pg_temp.evidence() -> 'known'), '[]', 'nothing is known');
insert into goalpost.improvements (workspace_id, kind, title, change, fingerprint, evidence, run_id, state, created_at, changed_at)
select tests.id_of('acme'), 'finding', 't', '{}', f.name, '{}', tests.get('run'), f.state, goalpost_private.clock(), goalpost_private.clock() - f.ago
  from (values ('old', 'rejected', interval '91 days'), ('rejected', 'rejected', interval '1 day'), ('kept', 'kept', interval '1 year'), ('back', 'reverted', interval '1 day')) f (name, state, ago);
select is((select pg_temp.evidence() -> 'known'), '["kept", "rejected"]', 'what is in effect or was rejected lately is');

select * from finish();
rollback;
