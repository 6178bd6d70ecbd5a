-- A person of two workspaces reads one of them: neither the other's work nor work outside the period counts, and the
-- beginning belongs to the period while its end does not.
begin;
select plan(18);
select tests.world(false);
insert into goalpost.members (workspace_id, user_id, role) values (tests.id_of('elsewhere'), tests.id_of('mia'), 'member');
select tests.set('since', (goalpost_private.clock() - interval '10 days')::text), tests.set('until', (goalpost_private.clock() - interval '3 days')::text);

-- Two goals, one completed and one failed, with estimates, usage, approvals of each state, ratings and improvements; an
-- answer without a goal; and an analysis.
create function pg_temp.work(p_workspace text, p_at timestamptz) returns void language plpgsql as $$
declare
  v_workspace constant uuid := tests.id_of(p_workspace);
  v_user constant uuid := tests.id_of('mia');
  v_state text;
  v_request bigint;
  v_goal bigint;
  v_run bigint;
begin
  insert into goalpost.requests (workspace_id, user_id, question, state, created_at, ended_at) values (v_workspace, v_user, 'q', 'answered', p_at, p_at);
  foreach v_state in array array['completed', 'failed', 'analysis'] loop
    v_goal := nextval('goalpost.goals_id_seq') + 500000;
    v_run := nextval('goalpost.workflow_runs_id_seq') + 500000;
    insert into goalpost.requests (workspace_id, user_id, question, state, created_at, ended_at)
    values (v_workspace, v_user, 'q', case v_state when 'failed' then 'failed' else 'answered' end, p_at, p_at) returning id into v_request;
    if v_state <> 'analysis' then
      insert into goalpost.goals (id, workspace_id, user_id, request_id, root_goal_id, title, description, goal_type, state, reason_code, created_at, ended_at)
      values (v_goal, v_workspace, v_user, v_request, v_goal, 'title', 'd', 'type', v_state, case v_state when 'failed' then 'broken' end, p_at, p_at + interval '8 seconds');
      update goalpost.requests set goal_id = v_goal where id = v_request;
    end if;
    insert into goalpost.workflow_runs (id, workspace_id, user_id, workflow_type, request_id, goal_id, root_run_id, deadline_at, state, revision, created_at, ended_at)
    values (v_run, v_workspace, v_user, case v_state when 'analysis' then 'request' else 'goal' end, v_request, case v_state when 'analysis' then null else v_goal end, v_run, now(),
            case v_state when 'failed' then 'failed' else 'completed' end, 1, p_at, p_at);
    insert into goalpost.steps (run_id, key, workspace_id, kind, title, state, ended_at)
    values (v_run, 'a', v_workspace, case v_state when 'analysis' then 'analyze' else 'agent' end, 'a', 'completed', p_at);
    if v_state <> 'analysis' then
      insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan, estimate)
      values (v_run, 1, v_workspace, '{}', '{"from": "plan", "cost_microusd": 30, "least_microusd": 10, "most_microusd": 50}');
      perform tests.bare_turn(v_run, 'a');
      insert into goalpost.usage_events (run_id, step_key, number, lease_epoch, workspace_id, goal_id, user_id, provider, model, input_tokens, cost_microusd, is_estimate, created_at)
      values (v_run, 'a', 1, 0, v_workspace, v_goal, v_user, 'p', 'm', 3, case v_state when 'completed' then 40 else 60 end, v_state = 'failed', p_at);
      insert into goalpost.feedback (goal_id, step_key, user_id, workspace_id, rating, rated_at)
      values (v_goal, '', v_user, v_workspace, case v_state when 'completed' then 'good' else 'bad' end, p_at);
      insert into goalpost.approvals (workspace_id, goal_id, run_id, step_key, number, kind, question, shown, required_role, on_reject, state, requested_at, expires_at, decided_by, decided_at, edited)
      select v_workspace, v_goal, v_run, 'a', s.n, 'step', 'q', '{}', 'member', 'fail', s.state, p_at, p_at,
             case when s.state in ('approved', 'rejected') then v_user end, case when s.state <> 'pending' then p_at + interval '4 seconds' end,
             case when s.n = 1 then '{}'::jsonb end
        from unnest(array['approved', 'rejected', 'expired', 'cancelled', 'pending', 'approved']) with ordinality s (state, n);
      insert into goalpost.improvements (workspace_id, kind, title, change, fingerprint, evidence, run_id, created_at, changed_at)
      values (v_workspace, 'finding', v_state, '{}', v_run::text, '{}', v_run, p_at, p_at);
    end if;
  end loop;
end $$;
create function pg_temp.report() returns jsonb language sql as $$
  select tests.json_for('mia', format('select goalpost.read_period_report(%L, %L, %L)', tests.id_of('acme'), tests.kept('since'), tests.kept('until'))) $$;
alter table goalpost.feedback disable trigger append_rating;

select pg_temp.work('acme', tests.kept('since')::timestamptz);
select tests.set('report', (pg_temp.report() #- '{decisions,improvements}')::text);
create function pg_temp.part(p_path text) returns jsonb language sql as $$ select tests.kept('report')::jsonb #> p_path::text[] $$;
select is(pg_temp.part('{work,requests}'), '[{"state": "answered", "requests": 2}, {"state": "failed", "requests": 1}]', 'the beginning counts, and analyses are left out');
select is(pg_temp.part('{work,goals}'), '[{"goals": 1, "state": "completed"}, {"goals": 1, "state": "failed"}]', 'goals count by state');
select is(pg_temp.part('{work,kinds,0}') @> '{"goal_type": "type", "goals": 2, "completed": 1, "failed": 1, "mean_seconds": 8.0, "calls": 2, "cost_microusd": 100, "microusd_per_completed": 100}', true, 'a kind has its sums');
select is(pg_temp.part('{work,estimates,0}'), '{"goals": 2, "goal_type": "type", "within_bounds": 1, "estimated_microusd": 60, "cost_microusd": 100}', 'estimates are compared with costs');
select is(pg_temp.part('{work,failures}'), '[{"example": null, "requests": 1, "reason_code": "broken"}]', 'failures count by code');
select is(pg_temp.part('{decisions,approvals}'),
          '[{"kind": "step", "requested": 12, "approved": 4, "rejected": 2, "expired": 2, "cancelled": 2, "pending": 2, "edited": 2, "mean_seconds": 4.000}]', 'approvals count by state');
select is(pg_temp.part('{decisions,ratings}'), '[{"bad": 1, "good": 1, "goal_type": "type"}]', 'ratings count by word');
select is(pg_temp.part('{usage,all}') - 'seconds', '{"calls": 2, "input_tokens": 6, "output_tokens": 0, "cost_microusd": 100, "estimated_microusd": 60}', 'usage has its sums');
select is(jsonb_array_length(pg_temp.part('{dearest}')), 2, 'both goals are listed by cost');
select is(jsonb_array_length(pg_temp.report() #> '{decisions,improvements}'), 2, 'improvements of the beginning are listed');

create function pg_temp.unchanged() returns boolean language sql as $$ select pg_temp.report() #- '{decisions,improvements}' = tests.kept('report')::jsonb $$;
select pg_temp.work('elsewhere', tests.kept('since')::timestamptz);
select ok(pg_temp.unchanged(), 'the other workspace does not count');
select is(jsonb_array_length(pg_temp.report() #> '{decisions,improvements}'), 2, 'nor do its improvements');
select pg_temp.work('acme', tests.kept('since')::timestamptz - interval '1 second');
select ok(pg_temp.unchanged(), 'a second before the beginning does not count');
select pg_temp.work('acme', tests.kept('until')::timestamptz);
select ok(pg_temp.unchanged(), 'the end does not count');
select is(jsonb_array_length(pg_temp.report() #> '{decisions,improvements}'), 2, 'nor do improvements before and after');
update goalpost.goals set ended_at = tests.kept('until')::timestamptz where goal_type = 'type' and created_at = tests.kept('since')::timestamptz and state = 'completed';
select is(pg_temp.report() #> '{work,estimates,0,goals}', '1', 'a goal that ended later is not compared yet');
update goalpost.goals set state = 'active', ended_at = null where goal_type = 'type' and created_at = tests.kept('since')::timestamptz and state = 'failed';
select is(pg_temp.report() #> '{work,estimates}', '[]', 'nor is one that goes on');
select is((select bool_or(p.prosecdef) from pg_catalog.pg_proc p where p.proname in ('period_requests', 'period_work', 'period_usage', 'period_decisions', 'period_dearest', 'read_period_report')), false,
          'the report and its parts run with the rights of their reader');

select * from finish();
rollback;
