-- The plan step waits with the plan and its estimate; when approved, the plan takes effect as edited.
begin;
select plan(25);
select tests.world(p_bystanders => false);

update goalpost.workspaces set approve_plans = true where id = tests.id_of('acme');
select tests.set('run', tests.planned('a, b:a', jsonb_build_object('a', tests.agent())));
select is(tests.state(tests.get('run'), 'plan'), 'waiting', 'the plan step waits where the workspace approves plans');
select is((tests.step(tests.get('run'), 'plan')).lease_expires_at, null, 'a plan step that waits holds no lease');
select is(tests.states(tests.get('run')), null, 'no step of an unapproved plan exists');
select is((tests.approval_of(tests.get('run'), 'plan')).kind, 'plan', 'the approval is of the kind plan');
select is((tests.approval_of(tests.get('run'), 'plan')).required_role, 'approver', 'the approval of a plan requires an approver');
select is((tests.approval_of(tests.get('run'), 'plan')).shown -> 'plan' -> 'steps' -> 0 ->> 'key', 'a', 'the approval shows the steps of the plan');
select is((tests.approval_of(tests.get('run'), 'plan')).shown -> 'estimate' ->> 'from', 'plan', 'the approval shows the estimate of the plan');
select tests.decide('petra', (tests.approval_of(tests.get('run'), 'plan')).id, 'approved');
select is(tests.states(tests.get('run')), 'a=ready b=pending judge=pending', 'an approved plan takes effect');
select is(tests.state(tests.get('run'), 'plan'), 'completed', 'the plan step is completed when the plan is approved');
select is((select string_agg(outcome, ' ') from goalpost.step_attempts where run_id = tests.get('run') and step_key = 'plan'), 'completed', 'the approved plan step has one completed attempt');
select is((select estimate ->> 'cost_microusd' from goalpost.plan_revisions where run_id = tests.get('run')), '40000', 'the estimate is kept with the plan');
select is(tests.value_for('mia', format('select estimate ->> ''cost_microusd'' from goalpost.goal_progress where goal_id = %s', (tests.goal_of(tests.get('run'))).id)), '40000', 'the estimate is shown with the goal''s progress');

-- An edited plan.
select tests.set('edited', tests.planned('a'));
select is(tests.decided('petra', (tests.approval_of(tests.get('edited'), 'plan')).id, 'approved',
  jsonb_build_object('edited', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x, y:nowhere'))))), 'ZG003', 'an edited plan that breaks a rule is refused');
select tests.decide('petra', (tests.approval_of(tests.get('edited'), 'plan')).id, 'approved',
  jsonb_build_object('edited', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x, y:x')))));
select tests.confirm('mia', (tests.approval_of(tests.get('edited'), 'plan')).id);
select is(tests.states(tests.get('edited')), 'judge=pending x=ready y=pending', 'an edited plan takes effect when the requester confirms it');
select is((select kind from goalpost.corrections where run_id = tests.get('edited')), 'plan', 'the edit of a plan is kept as a correction');

-- A rejected plan is planned again with the reason, at most as often as a step is tried.
select tests.set('rejected', tests.planned('a'));
select tests.decide('petra', (tests.approval_of(tests.get('rejected'), 'plan')).id, 'rejected', '{"comment": "without a"}');
select is(tests.state(tests.get('rejected'), 'plan'), 'ready', 'a rejected plan is planned again');
select is((select error ->> 'message' from goalpost.step_attempts where run_id = tests.get('rejected') and step_key = 'plan'), 'rejected: without a', 'the attempt of a rejected plan fails with the comment');
select tests.start(tests.get('rejected'), 'plan');
select is((select goalpost_private.step_context(s, r) #>> '{previous,reason}' from goalpost.steps s join goalpost.workflow_runs r on r.id = s.run_id where s.run_id = tests.get('rejected') and s.key = 'plan'),
  'rejected: without a', 'the next planner receives the reason of the rejection');
select is((select goalpost_private.step_context(s, r) #>> '{previous,rejected_plan,steps,0,key}' from goalpost.steps s join goalpost.workflow_runs r on r.id = s.run_id where s.run_id = tests.get('rejected') and s.key = 'plan'),
  'a', 'the next planner receives the plan that was rejected');
select tests.do_complete(tests.get('rejected'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('b'))));
select is((tests.approval_of(tests.get('rejected'), 'plan')).requester_confirms, true, 'a plan that follows another person''s remarks needs the requester too');
select tests.decide('petra', (tests.approval_of(tests.get('rejected'), 'plan')).id, 'rejected');
select tests.do_complete(tests.get('rejected'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('c'))));
select tests.decide('petra', (tests.approval_of(tests.get('rejected'), 'plan')).id, 'rejected', '{"comment": "no"}');
select is(tests.run_state(tests.get('rejected')), 'failed', 'the third rejection of a plan fails the run');
select is((tests.request_of(tests.get('rejected'))).reason, 'step plan failed: rejected: no', 'the reason of the request is the last rejection');

-- No decision in time.
select tests.set('late', tests.planned('a'));
update goalpost.workflow_runs set deadline_at = deadline_at + interval '30 days';
select tests.advance_clock('7 days');
select goalpost_worker.sweep();
select is((tests.request_of(tests.get('late'))).reason, 'step plan failed: no decision was made in time', 'a plan without a decision in time fails its request');

-- A plan that breaks a rule causes no approval.
select tests.set('bad', tests.goal());
select isnt(tests.message(tests.get('bad'), 'plan', '{"plan": {"steps": [{"key": "x", "kind": "odd"}]}}'), null, 'a plan that breaks a rule is refused');
select is_empty(format('select from goalpost.approvals where run_id = %s', tests.get('bad')), 'a refused plan causes no approval');

select * from finish();
rollback;
