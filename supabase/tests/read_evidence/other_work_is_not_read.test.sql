-- The evidence of a workspace is the same whatever other workspaces did, and whatever is long past.
begin;
select plan(9);
select tests.world(false);
select tests.tools();

-- A run with failed and repaired calls, decisions, edits, ratings, failed steps and a goal that was reached.
create function pg_temp.work(p_workspace text, p_person text, p_at timestamptz) returns void language plpgsql as $$
declare
  v_workspace constant uuid := tests.id_of(p_workspace);
  v_user constant uuid := tests.id_of(p_person);
  v_request bigint;
  v_goal bigint := nextval('goalpost.goals_id_seq') + 500000;
  v_run bigint := nextval('goalpost.workflow_runs_id_seq') + 500000;
begin
  insert into goalpost.requests (workspace_id, user_id, question, state, created_at, ended_at) values (v_workspace, v_user, 'q', 'answered', p_at, p_at) returning id into v_request;
  insert into goalpost.goals (id, workspace_id, user_id, request_id, root_goal_id, title, description, state, created_at, ended_at)
  values (v_goal, v_workspace, v_user, v_request, v_goal, 'title', 'd', 'completed', p_at, p_at);
  insert into goalpost.workflow_runs (id, workspace_id, user_id, workflow_type, request_id, goal_id, root_run_id, deadline_at, state, revision, created_at, ended_at)
  values (v_run, v_workspace, v_user, 'goal', v_request, v_goal, v_run, now(), 'completed', 1, p_at, p_at);
  insert into goalpost.steps (run_id, key, workspace_id, kind, title, state, ended_at, error)
  select v_run, k, v_workspace, 'tool', k, 'failed', p_at, '{"code": "broken"}' from unnest(array['a', 'b', 'c', 'd']) k;
  insert into goalpost.tool_calls (run_id, step_key, number, workspace_id, turn_number, attempt, tool, tool_version, idempotent, writes, arguments, arguments_hash,
    idempotency_key, rule, created_at, state, ended_at, result, error)
  select v_run, 'a', n, v_workspace, 1, 1, case when n <= 12 then 'sql' else 'email' end, 1, true, false, '{}', 'h', v_run || '/' || n, 'default', p_at,
         case when n % 2 = 0 then 'done' else 'failed' end, p_at, case when n % 2 = 0 then '{}'::jsonb end, case when n % 2 = 1 then '{"code": "bad", "message": "no column"}'::jsonb end
    from generate_series(1, 14) n;
  insert into goalpost.approvals (workspace_id, run_id, step_key, number, kind, call_number, question, shown, subject, subject_hash, required_role, on_reject, state,
    requested_at, expires_at, decided_by, decided_at, edited)
  select v_workspace, v_run, 'a', n, case n when 4 then 'outcome_unknown' else 'tool_call' end, n, 'q', '{}', '{"to": "a"}', 'h', 'approver', 'fail',
         case n when 1 then 'approved' when 2 then 'rejected' when 3 then 'pending' else 'approved' end, p_at, p_at,
         case n when 3 then null else v_user end, case n when 3 then null else p_at end, case n when 5 then '{"to": "b"}'::jsonb end
    from generate_series(1, 5) n;
  insert into goalpost.corrections (approval_id, workspace_id, run_id, step_key, kind, tool, proposed, corrected, corrected_by, created_at)
  select a.id, v_workspace, v_run, 'a', case a.number when 5 then 'tool_call' else 'plan' end, 'sql', '{"to": "a"}', '{"to": "b"}', v_user, p_at
    from goalpost.approvals a where a.run_id = v_run and a.number in (1, 5);
  alter table goalpost.feedback disable trigger append_rating;
  insert into goalpost.feedback (goal_id, step_key, user_id, workspace_id, rating, comment, rated_at)
  values (v_goal, '', v_user, v_workspace, 'bad', 'too slow', p_at), (v_goal, 'a', v_user, v_workspace, 'bad', '', p_at), (v_goal, 'b', v_user, v_workspace, 'good', 'fine', p_at);
  alter table goalpost.feedback enable trigger append_rating;
end $$;
create function pg_temp.evidence() returns jsonb language sql as $$
  select jsonb_build_object('failures', goalpost_private.evidence_of_failures(w, n), 'decisions', goalpost_private.evidence_of_decisions(w, n) #- '{0,approvals}',
           'corrections', goalpost_private.evidence_of_corrections(w, n), 'ratings', goalpost_private.evidence_of_ratings(w, n),
           'findings', goalpost_private.evidence_of_findings(w, n))
    from (select tests.id_of('acme') as w, goalpost_private.clock() as n) x $$;

select is(pg_temp.evidence(), '{"failures": [], "decisions": [], "corrections": [], "ratings": [], "findings": []}', 'nothing has happened');
select pg_temp.work('elsewhere', 'sam', goalpost_private.clock() - interval '1 day');
select is(pg_temp.evidence(), '{"failures": [], "decisions": [], "corrections": [], "ratings": [], "findings": []}', 'other workspaces are not read');
select pg_temp.work('acme', 'mia', goalpost_private.clock() - interval '1 day');
select tests.set('evidence', pg_temp.evidence()::text);
select is((pg_temp.evidence() #>> '{decisions,0,approved}') || (pg_temp.evidence() #>> '{decisions,0,edited}') || (pg_temp.evidence() #>> '{decisions,0,rejected}')
          || (pg_temp.evidence() #>> '{decisions,0,people}'), '1111', 'pending approvals and other kinds are no decisions on calls');
select is(jsonb_array_length(pg_temp.evidence() -> 'failures'), 7, 'a failure counts once however many calls made it good');
select is(jsonb_array_length(pg_temp.evidence() -> 'corrections'), 1, 'edits of plans are no corrections of calls');
select is(pg_temp.evidence() #>> '{ratings,0,comment}' || jsonb_array_length(pg_temp.evidence() -> 'ratings'), 'too slow1', 'ratings without a remark, and good ones, are left out');
select is((select string_agg(f ->> 'title', ', ') from jsonb_array_elements(pg_temp.evidence() -> 'findings') f), '4 steps failed for good with broken, sql fails often: 6 of 12 calls', 'a tool needs ten calls to be a finding');
select pg_temp.work('elsewhere', 'sam', goalpost_private.clock() - interval '1 day') from generate_series(1, 25);
select is(pg_temp.evidence(), tests.kept('evidence')::jsonb, 'much work of others changes nothing');
select pg_temp.work('acme', 'mia', goalpost_private.clock() - interval '90 days');
select is(pg_temp.evidence(), tests.kept('evidence')::jsonb, 'nor does what happened ninety days ago');

select * from finish();
rollback;
