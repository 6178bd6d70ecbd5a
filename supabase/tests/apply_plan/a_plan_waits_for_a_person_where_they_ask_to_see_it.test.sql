-- The plan step waits with the plan and its estimate; approved, the plan takes effect as it then is.
begin;
select plan(25);
select tests.world(p_bystanders => false);

update goalpost.workspaces set approve_plans = true where id = tests.id_of('acme');
select tests.set('run', tests.planned('a, b:a', jsonb_build_object('a', tests.agent())));
select is(tests.state(tests.get('run'), 'plan'), 'waiting', 'the step waits');
select is((tests.step(tests.get('run'), 'plan')).lease_expires_at, null, 'and holds nothing');
select is(tests.states(tests.get('run')), null, 'nothing has taken effect');
select is((tests.approval_of(tests.get('run'), 'plan')).kind, 'plan', 'a plan');
select is((tests.approval_of(tests.get('run'), 'plan')).required_role, 'approver', 'for approvers');
select is((tests.approval_of(tests.get('run'), 'plan')).shown -> 'plan' -> 'steps' -> 0 ->> 'key', 'a', 'it is shown');
select is((tests.approval_of(tests.get('run'), 'plan')).shown -> 'estimate' ->> 'from', 'plan', 'with what it may cost');
select tests.decide('petra', (tests.approval_of(tests.get('run'), 'plan')).id, 'approved');
select is(tests.states(tests.get('run')), 'a=ready b=pending judge=pending', 'approved, it takes effect');
select is(tests.state(tests.get('run'), 'plan'), 'completed', 'the step is completed');
select is((select string_agg(outcome, ' ') from goalpost.step_attempts where run_id = tests.get('run') and step_key = 'plan'), 'completed', 'by one try of its worker''s');
select is((select estimate ->> 'cost_microusd' from goalpost.plan_revisions where run_id = tests.get('run')), '40000', 'the estimate is kept with the plan');
select is(tests.value_for('mia', format('select estimate ->> ''cost_microusd'' from goalpost.goal_progress where goal_id = %s', (tests.goal_of(tests.get('run'))).id)), '40000', 'and shown with the goal');

-- Edited.
select tests.set('edited', tests.planned('a'));
select is(tests.decided('petra', (tests.approval_of(tests.get('edited'), 'plan')).id, 'approved',
  jsonb_build_object('edited', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x, y:nowhere'))))), 'ZG003', 'what breaks a rule is refused');
select tests.decide('petra', (tests.approval_of(tests.get('edited'), 'plan')).id, 'approved',
  jsonb_build_object('edited', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x, y:x')))));
select tests.confirm('mia', (tests.approval_of(tests.get('edited'), 'plan')).id);
select is(tests.states(tests.get('edited')), 'judge=pending x=ready y=pending', 'the edited plan takes effect');
select is((select kind from goalpost.corrections where run_id = tests.get('edited')), 'plan', 'the correction is kept');

-- Rejected: planned again with the reason, at most as often as a step is tried.
select tests.set('rejected', tests.planned('a'));
select tests.decide('petra', (tests.approval_of(tests.get('rejected'), 'plan')).id, 'rejected', '{"comment": "without a"}');
select is(tests.state(tests.get('rejected'), 'plan'), 'ready', 'rejected, it is planned again');
select is((select error ->> 'message' from goalpost.step_attempts where run_id = tests.get('rejected') and step_key = 'plan'), 'rejected: without a', 'the try has failed for this reason');
select tests.start(tests.get('rejected'), 'plan');
select is((select goalpost_private.step_context(s, r) #>> '{previous,reason}' from goalpost.steps s join goalpost.workflow_runs r on r.id = s.run_id where s.run_id = tests.get('rejected') and s.key = 'plan'),
  'rejected: without a', 'which the planner is told');
select is((select goalpost_private.step_context(s, r) #>> '{previous,rejected_plan,steps,0,key}' from goalpost.steps s join goalpost.workflow_runs r on r.id = s.run_id where s.run_id = tests.get('rejected') and s.key = 'plan'),
  'a', 'with the plan that was rejected');
select tests.do_complete(tests.get('rejected'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('b'))));
select is((tests.approval_of(tests.get('rejected'), 'plan')).requester_confirms, true, 'a plan that follows another person''s remarks needs the requester too');
select tests.decide('petra', (tests.approval_of(tests.get('rejected'), 'plan')).id, 'rejected');
select tests.do_complete(tests.get('rejected'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('c'))));
select tests.decide('petra', (tests.approval_of(tests.get('rejected'), 'plan')).id, 'rejected', '{"comment": "no"}');
select is(tests.run_state(tests.get('rejected')), 'failed', 'the third rejection ends it');
select is((tests.request_of(tests.get('rejected'))).reason, 'step plan failed: rejected: no', 'and says why');

-- Nobody decides.
select tests.set('late', tests.planned('a'));
update goalpost.workflow_runs set deadline_at = deadline_at + interval '30 days';
select tests.advance_clock('7 days');
select goalpost_worker.sweep();
select is((tests.request_of(tests.get('late'))).reason, 'step plan failed: nobody decided in time', 'a plan that nobody decided is not carried out');

-- A plan that breaks a rule asks nobody.
select tests.set('bad', tests.goal());
select isnt(tests.message(tests.get('bad'), 'plan', '{"plan": {"steps": [{"key": "x", "kind": "odd"}]}}'), null, 'it is refused');
select is_empty(format('select from goalpost.approvals where run_id = %s', tests.get('bad')), 'and nobody asked');

select * from finish();
rollback;
