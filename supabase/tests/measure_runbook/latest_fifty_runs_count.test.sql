-- The results of a runbook: its latest 50 ended runs in one workspace, with what they cost.
begin;
select plan(9);
select tests.world(false);

create function pg_temp.book(p_workspace text, p_name text) returns bigint language sql as $$
  insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of(p_workspace), p_name, 't', 'd', 'g', '{}') returning id $$;
select tests.set('book', pg_temp.book('acme', 'book')), tests.set('other', pg_temp.book('acme', 'other'));
create function pg_temp.run(p_book text, p_state text, p_workspace text default 'acme', p_seconds integer default 10) returns bigint language plpgsql as $$
declare
  v_request bigint;
  v_goal bigint := nextval('goalpost.goals_id_seq');
  v_run bigint := nextval('goalpost.workflow_runs_id_seq') + 1000000;
begin
  insert into goalpost.requests (workspace_id, user_id, question, state, created_at, ended_at)
  values (tests.id_of(p_workspace), tests.id_of('mia'), 'q', 'answered', goalpost_private.clock(), goalpost_private.clock()) returning id into v_request;
  insert into goalpost.goals (id, workspace_id, user_id, request_id, root_goal_id, title, description, state, ended_at)
  values (v_goal, tests.id_of(p_workspace), tests.id_of('mia'), v_request, v_goal, 't', 'd', 'completed', now());
  insert into goalpost.workflow_runs (id, workspace_id, user_id, workflow_type, request_id, goal_id, root_run_id, deadline_at, state, created_at, ended_at, runbook_id)
  values (v_run, tests.id_of(p_workspace), tests.id_of('mia'), 'goal', v_request, v_goal, v_run, now(), p_state, goalpost_private.clock(),
          case when p_state <> 'running' then goalpost_private.clock() + make_interval(secs => p_seconds) end, tests.get(p_book));
  insert into goalpost.steps (run_id, key, workspace_id, kind, title) values (v_run, 'a', tests.id_of(p_workspace), 'agent', 'a');
  perform tests.bare_turn(v_run, 'a');
  insert into goalpost.usage_events (run_id, step_key, number, lease_epoch, workspace_id, user_id, provider, model, cost_microusd, created_at)
  values (v_run, 'a', 1, 0, tests.id_of(p_workspace), tests.id_of('mia'), 'p', 'm', 70, now());
  return v_run;
end $$;
create function pg_temp.measured() returns jsonb language sql as $$ select goalpost_private.measure_runbook(tests.id_of('acme'), tests.get('book')) $$;

select is(pg_temp.measured(), null, 'without a run there is no result');
select pg_temp.run('other', 'completed'), pg_temp.run('book', 'completed', 'elsewhere'), pg_temp.run('book', 'cancelled'), pg_temp.run('book', 'running');
select is(pg_temp.measured(), null, 'other runbooks, other workspaces, cancelled and open runs do not count');
select tests.set('first', pg_temp.run('book', 'completed', p_seconds => 30));
select is(pg_temp.measured(), '{"uses": 1, "successes": 1, "latest": 1, "model_calls": 1.00, "cost_microusd": 70, "seconds": 30.0}', 'one run counts with its calls and time');
select pg_temp.run('book', 'failed');
select is(pg_temp.measured(), '{"uses": 2, "successes": 1, "latest": 1, "model_calls": 1.00, "cost_microusd": 70, "seconds": 20.0}', 'a failed one is no success');
insert into goalpost_private.rating_effects (workspace_id, goal_id, step_key, effect) select workspace_id, goal_id, '', 0 from goalpost.workflow_runs where id = tests.get('first');
select is(pg_temp.measured() -> 'successes', '1', 'an even rating changes nothing');
update goalpost_private.rating_effects set effect = -1;
select is(pg_temp.measured() -> 'successes', '0', 'a bad one makes it a failure');
insert into goalpost_private.rating_effects (workspace_id, goal_id, step_key, effect)
select workspace_id, goal_id, '', -1 from goalpost.workflow_runs where runbook_id = tests.get('other');
select pg_temp.run('book', 'completed') from generate_series(1, 5);
select is(pg_temp.measured() #>> '{latest}', '5', 'the latest five are counted apart');
select pg_temp.run('book', 'failed');
select is(pg_temp.measured() #>> '{latest}', '4', 'the newest of them is the last');
select pg_temp.run('book', 'completed') from generate_series(1, 60);
select is((pg_temp.measured() ->> 'uses') || ' ' || (pg_temp.measured() ->> 'successes') || ' ' || (pg_temp.measured() ->> 'model_calls'), '50 50 1.00', 'no more than fifty count');

select * from finish();
rollback;
