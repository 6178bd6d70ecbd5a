-- on_exhausted "ask": the step waits; approved, the cap is raised by a row; rejected, the step fails. Of one tree, one question.
begin;
select plan(30);
select tests.world(p_bystanders => false);

select tests.price();
select tests.set('run', tests.working('mia', 'acme', '{"max_microusd": 5000, "on_exhausted": "ask"}'));
select tests.bare_step(tests.get('run'), 'b', 'running', 'agent');
select tests.bare_step(tests.get('run'), 'c', 'running', 'agent');
select tests.reserve(tests.get('run'), 'a');
select tests.end_turn(tests.get('run'), 'a', 1, tests.no_end());
select tests.set('first', (tests.reserve(tests.get('run'), 'a') ->> 'waits_for_person')::bigint);
select tests.set('second', (tests.reserve(tests.get('run'), 'b') ->> 'waits_for_person')::bigint);
select is((select kind || ' ' || required_role from goalpost.approvals where id = tests.get('first')), 'budget approver', 'approvers are asked for a request''s');
select is((select subject - 'key' from goalpost.approvals where id = tests.get('first')), '{"scope": "run", "max_microusd": 10000, "max_tokens": 40000000}', 'to double it');
select is((select decided_with from goalpost.approvals where id = tests.get('second')), tests.get('first'), 'the second step''s goes with it');
select is(tests.value_for('petra', 'select count(*) from goalpost.inbox'), '1', 'one is shown');
select tests.leave_waiting(tests.get('run'), k) from unnest(array['a', 'b']) k;
select tests.decide('petra', tests.get('first'), 'approved');
select is(tests.caps(tests.get('run')), 'workspace_month 2700+0/250000000, user_day 2700+0/25000000, run 2700+0/10000', 'the cap is raised');
select is(tests.state(tests.get('run'), 'a') || ' ' || tests.state(tests.get('run'), 'b'), 'ready ready', 'both steps go on');
select is((select state from goalpost.approvals where id = tests.get('second')), 'approved', 'both are decided');
select results_eq('select from_microusd, to_microusd, raised_by from goalpost.budget_raises where from_microusd <> to_microusd', format('values (5000::bigint, 10000::bigint, %L::uuid)', tests.id_of('petra')), 'the raise is a row');
select is(tests.reserve(tests.get('run'), 'a'), '{"number": 2}', 'it may be asked now');

-- Edited.
select tests.reserve(tests.get('run'), 'b');
select tests.end_turn(tests.get('run'), 'a', 2, tests.no_end());
select tests.end_turn(tests.get('run'), 'b', 1, tests.no_end());
select tests.set('third', (tests.reserve(tests.get('run'), 'c') ->> 'waits_for_person')::bigint);
select is((select decided_with from goalpost.approvals where id = tests.get('third')), null, 'what was decided decides no more');
select tests.leave_waiting(tests.get('run'), 'c');
select tests.decide('petra', tests.get('third'), 'approved', jsonb_build_object('edited', (select subject || '{"max_microusd": 10800}' from goalpost.approvals where id = tests.get('third'))));
select matches(tests.caps(tests.get('run')), '/10000$', 'a cap of one''s own work that another edited waits for the requester');
select tests.confirm('mia', tests.get('third'));
select matches(tests.caps(tests.get('run')), 'run 8100\+0/10800$', 'to what the person says');
select is(tests.reserve(tests.get('run'), 'c'), '{"number": 1}', 'which is enough');
select tests.end_turn(tests.get('run'), 'c', 1, tests.no_end());
-- Lower than it is: it stays.
select tests.set('fourth', (tests.reserve(tests.get('run'), 'c') ->> 'waits_for_person')::bigint);
select tests.decide('petra', tests.get('fourth'), 'approved', jsonb_build_object('edited', (select subject || '{"max_microusd": 1}' from goalpost.approvals where id = tests.get('fourth'))));
select tests.confirm('mia', tests.get('fourth'));
select matches(tests.caps(tests.get('run')), '10800$', 'a cap is never lowered by that');

-- Rejected.
select tests.set('fifth', (tests.reserve(tests.get('run'), 'c') ->> 'waits_for_person')::bigint);
select tests.start(tests.get('run'), 'c');
update goalpost.steps set on_failure = 'continue' where run_id = tests.get('run');
select tests.leave_waiting(tests.get('run'), 'c');
select tests.decide('petra', tests.get('fifth'), 'rejected', '{"comment": "enough"}');
select is(tests.state(tests.get('run'), 'c'), 'failed', 'the step fails');
select is((tests.step(tests.get('run'), 'c')).error ->> 'code', 'budget_exhausted', 'with the typed code');
select is((tests.step(tests.get('run'), 'c')).error ->> 'message', 'the cap was not raised: rejected: enough', 'and the reason');

-- Rejected with others of the tree, where a failure ends the run.
select tests.set('run2', tests.working('mia', 'acme', '{"max_microusd": 0, "on_exhausted": "ask"}'));
select tests.bare_step(tests.get('run2'), 'b', 'running', 'agent');
select tests.set('sixth', (tests.reserve(tests.get('run2'), 'a') ->> 'waits_for_person')::bigint);
select tests.reserve(tests.get('run2'), 'b');
select tests.leave_waiting(tests.get('run2'), k) from unnest(array['a', 'b']) k;
select tests.decide('petra', tests.get('sixth'), 'rejected');
select is(tests.run_state(tests.get('run2')), 'failed', 'the run ends once');
select is((select state from goalpost.approvals where decided_with = tests.get('sixth')), 'cancelled', 'what was cancelled with it stays cancelled');
select matches((tests.request_of(tests.get('run2'))).reason, '^budget_exhausted: ', 'for this reason');

-- Rejected while the worker is still at it: it hears of it when it asks again.
select tests.set('run6', tests.working('mia', 'acme', '{"max_microusd": 0, "on_exhausted": "ask"}'));
select tests.set('seventh', (tests.reserve(tests.get('run6'), 'a') ->> 'waits_for_person')::bigint);
select tests.decide('petra', tests.get('seventh'), 'rejected');
select is(tests.state(tests.get('run6'), 'a'), 'running', 'the step is left to it');

-- The workspace's month is for admins, up to what the project allows.
update goalpost.workspaces set on_exhausted = 'ask', workspace_month_microusd = 14000 where id = tests.id_of('acme');
update goalpost.budgets set cap_microusd = 14000 where scope = 'workspace_month';
-- Other workspaces were granted less, and the asking one is not the first of the table.
update goalpost.workspaces set granted_month_microusd = 15000;
update goalpost.workspaces set granted_month_microusd = 20000 where id = tests.id_of('acme');
do $$
begin
  while (select w.id from goalpost.workspaces w order by w.ctid limit 1) = tests.id_of('acme') loop
    update goalpost.workspaces set granted_month_microusd = 20000 where id = tests.id_of('acme');
  end loop;
end
$$;
select tests.set('run3', tests.working());
select tests.reserve(tests.get('run3'), 'a');
select tests.end_turn(tests.get('run3'), 'a', 1, tests.no_end());
select tests.set('month', (tests.reserve(tests.get('run3'), 'a') ->> 'waits_for_person')::bigint);
select is((select required_role from goalpost.approvals where id = tests.get('month')), 'admin', 'admins are asked for the month''s');
select is(tests.decided('petra', tests.get('month'), 'approved'), 'ZG002', 'approvers are not');
select tests.decide('adam', tests.get('month'), 'approved');
select is((select cap_microusd from goalpost.budgets where scope = 'workspace_month'), 20000::bigint, 'a month''s cap is raised no higher than what the workspace was granted');

-- Nobody decides.
select tests.set('run4', tests.working('mia', 'acme', '{"max_microusd": 0}'));
select tests.reserve(tests.get('run4'), 'a');
select tests.leave_waiting(tests.get('run4'), 'a');
select is((select count(*) from goalpost.approvals where run_id = tests.get('run4') and state = 'pending'), 1::bigint, 'the workspace asks where the request does not say');
update goalpost.workflow_runs set deadline_at = goalpost_private.clock() + interval '30 days';
select tests.advance_clock('8 days');
select goalpost_worker.sweep();
select is((tests.step(tests.get('run4'), 'a')).error ->> 'code', 'budget_exhausted', 'nobody decided: it is used up');
select is(tests.state(tests.get('run4'), 'a'), 'failed', 'the step fails');
select tests.set('run5', tests.working('mia', 'acme', '{"max_microusd": 0, "on_exhausted": "fail"}'));
select is(tests.reserve(tests.get('run5'), 'a') #>> '{refused,code}', 'budget_exhausted', 'a request may say to ask nobody');
select is((select count(*) from goalpost.approvals where run_id = tests.get('run5')), 0::bigint, 'and nobody is');

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
