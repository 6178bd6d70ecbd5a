-- Nothing is assessed or planned: goal, run, revision, criteria and steps are written at once.
begin;
select plan(12);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, version, title, description, goal_type, plan) values
  (null, 'report', 9, 'Built in', 'd', 'g', jsonb_build_object('steps', tests.steps('z'))),
  (tests.id_of('acme'), 'report', 1, 'Own, old', 'd', 'g', jsonb_build_object('steps', tests.steps('y'))),
  (tests.id_of('acme'), 'report', 2, 'Own, new', 'd', 'reports', jsonb_build_object(
    'criteria', '["good"]'::jsonb, 'steps', tests.steps('a, b:a, ask', jsonb_build_object('ask', tests.approval()))));
select tests.speak_as('mia');
select tests.set('run', (goalpost.accept_request(tests.id_of('acme'), 'the report of June', p_runbook => 'report', p_parameters => '{"month": 6}') ->> 'run_id')::bigint);
reset role;
select is(tests.states(tests.get('run')), 'a=ready ask=waiting b=pending judge=pending', 'the steps of the runbook are opened');
select is((tests.goal_of(tests.get('run'))).title, 'Own, new', 'the newest version of the workspace''s own runbook is used');
select is((tests.goal_of(tests.get('run'))).description, 'the report of June', 'the goal has the question as its description');
select is((select parameters ->> 'month' from goalpost.workflow_runs where id = tests.get('run')), '6', 'the run has the parameters of the request');
select is((select revision from goalpost.workflow_runs where id = tests.get('run')), 1, 'the run is in its first revision');
select is((select reasons from goalpost.plan_revisions where run_id = tests.get('run')), '["asked for by name"]', 'the revision has the reason that it was requested by name');
select is((select description from goalpost.goal_criteria c where c.goal_id = (tests.goal_of(tests.get('run'))).id), 'good', 'the goal has the criteria of the runbook');
select is((tests.request_of(tests.get('run'))).state, 'accepted', 'the request with a runbook is accepted');
select is((tests.request_of(tests.get('run'))).goal_id, (tests.goal_of(tests.get('run'))).id, 'the request refers to the runbook''s goal');
select is((select string_agg(type, ' ' order by sequence) from goalpost.events where root_run_id = tests.get('run')), 'goal.opened approval.requested', 'the history begins with the goal and the approval');
select is(tests.wake_count('executor'), 1::bigint, 'one wake is sent to the executor');
select is(tests.wake_count('intake') + tests.wake_count('planner'), 0::bigint, 'intake and planner get no wake');

select * from finish();
rollback;
