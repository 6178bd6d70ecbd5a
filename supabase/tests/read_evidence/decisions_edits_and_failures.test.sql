-- Decisions on calls, edits, failures that were made good, and findings are counted per workspace.
begin;
select plan(8);
select tests.world(false);
select tests.tools();

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
select tests.set('run', tests.agent_at_work());
create function pg_temp.call(p_number integer, p_tool text, p_state text, p_more jsonb default '{}') returns void language sql as $$
  insert into goalpost.tool_calls (run_id, step_key, number, workspace_id, turn_number, attempt, tool, tool_version, idempotent, writes, arguments, arguments_hash,
    idempotency_key, rule, created_at, state, ended_at, result, error)
  values (tests.get('run'), 'a', p_number, tests.id_of('acme'), 1, 1, p_tool, 1, true, false, '{}', 'h', 'k' || p_number, 'default', now(), p_state, now(),
    case p_state when 'done' then '{}'::jsonb end, case p_state when 'failed' then '{"code": "bad", "message": "no column"}'::jsonb end) $$;
create function pg_temp.decision(p_call integer, p_state text, p_edited jsonb default null) returns void language sql as $$
  insert into goalpost.approvals (workspace_id, run_id, step_key, number, kind, call_number, question, shown, subject, subject_hash, required_role, on_reject, state,
    requested_at, expires_at, decided_by, decided_at, edited)
  values (tests.id_of('acme'), tests.get('run'), 'a', p_call, 'tool_call', p_call, 'q', '{}', '{"to": "a"}', 'h', 'approver', 'fail', p_state, now(), now(),
    tests.id_of('petra'), goalpost_private.clock(), p_edited) $$;

select pg_temp.call(1, 'sql', 'failed'), pg_temp.call(2, 'sql', 'done'), pg_temp.call(3, 'calculate', 'failed');
select is((select pg_temp.evidence() -> 'failures'), jsonb_build_array(jsonb_build_object('run_id', tests.get('run'), 'tool', 'sql', 'code', 'bad', 'message', 'no column')),
          'a failure counts where a later call of the tool worked');
select pg_temp.decision(1, 'approved'), pg_temp.decision(2, 'approved', '{"to": "b"}'), pg_temp.decision(3, 'rejected');
select is((select string_agg(format('%s %s %s %s', d ->> 'tool', d ->> 'approved', d ->> 'edited', d ->> 'rejected'), ', ') from jsonb_array_elements(pg_temp.evidence() -> 'decisions') d),
          'calculate 0 0 1, sql 1 1 0', 'decisions are counted per tool');
insert into goalpost.corrections (approval_id, workspace_id, run_id, step_key, kind, tool, proposed, corrected, corrected_by, created_at)
select a.id, a.workspace_id, a.run_id, a.step_key, 'tool_call', case a.number when 2 then 'sql' else 'remember' end, a.subject, '{"to": "b"}', tests.id_of('petra'), goalpost_private.clock()
  from goalpost.approvals a where a.number in (2, 3) and a.kind = 'tool_call';
select is((select string_agg(c ->> 'tool' || (c ->> 'corrected'), ', ') from jsonb_array_elements(pg_temp.evidence() -> 'corrections') c), 'sql{"to": "b"}',
          'edits are listed, without those of memories');
select is((select pg_temp.evidence() -> 'findings'), '[]', 'three calls are too few for a finding');
select pg_temp.call(n, 'http_get', case when n <= 13 then 'failed' else 'done' end) from generate_series(11, 20) n;
select is((select pg_temp.evidence() #>> '{findings,0,title}'), 'http_get fails often: 3 of 10 calls', 'a tool that fails often is one');
update goalpost.tool_calls set state = 'done', result = '{}', error = null where number = 11;
select is((select pg_temp.evidence() -> 'findings'), '[]', 'below three of ten it is none');
update goalpost.steps set state = 'failed', ended_at = now(), lease_expires_at = null, error = '{"code": "broken"}' where run_id = tests.get('run') and key = 'a';
insert into goalpost.steps (run_id, key, workspace_id, kind, title, state, ended_at, error)
select tests.get('run'), k, tests.id_of('acme'), 'tool', k, 'failed', now(), '{"code": "broken"}' from unnest(array['y1', 'y2']) k;
select is((select pg_temp.evidence() #>> '{findings,0,title}'), '3 steps failed for good with broken', 'three steps with one error are one');
delete from goalpost.steps where key = 'y2';
insert into goalpost.requests (workspace_id, user_id, question, state, ended_at) select tests.id_of('acme'), tests.id_of('mia'), 'q' || n, 'answered', now() from generate_series(1, 20) n;
insert into goalpost.goals (workspace_id, user_id, request_id, root_goal_id, id, title, description, state, ended_at)
select workspace_id, user_id, id, 100000 + id, 100000 + id, 't', 'd', 'completed', now() from goalpost.requests where question like 'q%';
insert into goalpost.workflow_runs (workspace_id, user_id, workflow_type, request_id, goal_id, id, root_run_id, deadline_at, state, created_at, ended_at)
select workspace_id, user_id, 'goal', request_id, id, id, id, now(), 'completed', goalpost_private.clock(), now() from goalpost.goals where id > 100000;
select is((select pg_temp.evidence() #>> '{findings,0,title}'), '20 goals ended and none was rated', 'goals without a rating are one');

select * from finish();
rollback;
