-- An edited plan is estimated again; beyond the workspace's limit it needs an approver, also when the requester edited
-- it.
begin;
select plan(13);
select tests.world();

update goalpost.workspaces set plan_approval_microusd = 100000 where id = tests.id_of('acme');
select tests.set('run', tests.goal('mia'));
update goalpost.requests set budget = '{"approve_plan": true}' where id = (tests.request_of(tests.get('run'))).id;
select tests.do_complete(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'steps', tests.steps('a'))));
select tests.set('plan', (tests.approval_of(tests.get('run'), 'plan')).id);
select is((tests.approval_of(tests.get('run'), 'plan')).required_role, 'member', 'a cheap plan is the requester''s alone');
select tests.set('costly', jsonb_build_object('plan', jsonb_build_object('summary', 'costly', 'steps', tests.steps('a, b, c, d, e, f, g, h',
  (select jsonb_object_agg(k, tests.agent()) from unnest(string_to_array('a b c d e f g h', ' ')) k))))::text);
select is(tests.decide('mia', tests.get('plan'), 'approved', jsonb_build_object('edited', tests.kept('costly')::jsonb)) ->> 'waits_for', 'approver', 'a plan edited beyond the limit waits for an approver');
select is((tests.approval_of(tests.get('run'), 'plan')).shown #>> '{estimate,cost_microusd}', '180000', 'the approval shows the new estimate');
select is(tests.states(tests.get('run')), null, 'no step exists before the edited plan is approved');
select is(tests.decided('mia', tests.get('plan'), 'approved'), 'ZG002', 'the requester cannot approve it alone');
select is(tests.confirm('petra', tests.get('plan')) ->> 'state', 'approved', 'the edited plan is approved with requester and approver');
select is((select estimate ->> 'cost_microusd' from goalpost.plan_revisions where run_id = tests.get('run')), '180000', 'the new estimate is kept with the plan');

-- The costs of a runbook do not predict an edited plan that names it.
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('acme'), 'cheap', 'c', 'c', 'g', '{"summary": "s"}');
select tests.set('past', tests.planned('a'));
update goalpost.workflow_runs set runbook_id = (select id from goalpost.runbooks where name = 'cheap'), state = 'completed', ended_at = goalpost_private.clock() where id = tests.get('past');
select tests.set('named', tests.goal('mia'));
update goalpost.requests set budget = '{"approve_plan": true}' where id = (tests.request_of(tests.get('named'))).id;
select tests.do_complete(tests.get('named'), 'plan', jsonb_build_object('runbook_id', (select id from goalpost.runbooks where name = 'cheap'), 'plan', jsonb_build_object('summary', 's', 'steps', tests.steps('a'))));
select tests.set('second', (tests.approval_of(tests.get('named'), 'plan')).id);
select is((tests.approval_of(tests.get('named'), 'plan')).shown #>> '{estimate,from}', 'history', 'the plan of a runbook is estimated from its history');
select is(tests.decide('mia', tests.get('second'), 'approved', jsonb_build_object('edited', tests.kept('costly')::jsonb || jsonb_build_object('runbook_id', (select id from goalpost.runbooks where name = 'cheap')))) ->> 'waits_for',
  'approver', 'an edited plan is not estimated from its runbook''s history');

-- An approver's expensive edit waits for the requester; when rejected, the original has its own estimate again.
update goalpost.workspaces set approve_plans = true where id = tests.id_of('acme');
select tests.set('third_run', tests.planned('a'));
select tests.set('third', (tests.approval_of(tests.get('third_run'), 'plan')).id);
select tests.decide('petra', tests.get('third'), 'approved', jsonb_build_object('edited', tests.kept('costly')::jsonb));
select tests.decide('mia', tests.get('third'), 'rejected');
select is((tests.approval_of(tests.get('third_run'), 'plan')).shown #>> '{estimate,cost_microusd}', '20000', 'a rejected edit leaves the original''s estimate');
select is(tests.decide('petra', tests.get('third'), 'approved') ->> 'state', 'approved', 'the original can still be approved');
select tests.set('fourth_run', tests.goal('mia'));
select tests.do_complete(tests.get('fourth_run'), 'plan', jsonb_build_object('runbook_id', (select id from goalpost.runbooks where name = 'cheap'), 'plan', jsonb_build_object('summary', 's', 'steps', tests.steps('a'))));
select tests.set('fourth', (tests.approval_of(tests.get('fourth_run'), 'plan')).id);
select tests.set('estimate', (tests.approval_of(tests.get('fourth_run'), 'plan')).shown ->> 'estimate');
select tests.decide('petra', tests.get('fourth'), 'approved', jsonb_build_object('edited', tests.kept('costly')::jsonb));
select tests.decide('mia', tests.get('fourth'), 'rejected');
select is((tests.approval_of(tests.get('fourth_run'), 'plan')).shown #>> '{estimate,from}', 'history', 'a runbook''s plan has its history estimate after a rejected edit');
select is((tests.approval_of(tests.get('fourth_run'), 'plan')).shown -> 'estimate', tests.kept('estimate')::jsonb, 'the estimate after a rejected edit is the earlier one');

select * from finish();
rollback;
