-- on_exhausted "ask": the step waits; an approval raises the cap by a row, a rejection fails the step. One question per
-- cap and tree.
begin;
select plan(31);
select tests.world(p_bystanders => false);

select tests.price();
select tests.set('run', tests.working('mia', 'acme', '{"max_microusd": 5000, "on_exhausted": "ask"}'));
select tests.bare_step(tests.get('run'), 'b', 'running', 'agent');
select tests.bare_step(tests.get('run'), 'c', 'running', 'agent');
select tests.reserve(tests.get('run'), 'a');
select tests.end_turn(tests.get('run'), 'a', 1, tests.no_end());
select tests.set('first', (tests.reserve(tests.get('run'), 'a') ->> 'waits_for_person')::bigint);
select tests.set('second', (tests.reserve(tests.get('run'), 'b') ->> 'waits_for_person')::bigint);
select is((select kind || ' ' || required_role from goalpost.approvals where id = tests.get('first')), 'budget approver', 'the raise of a request''s cap needs an approver');
select is((select subject - 'key' from goalpost.approvals where id = tests.get('first')), '{"scope": "run", "max_microusd": 10000, "max_tokens": 40000000}', 'the proposed raise doubles the cap');
select is((select decided_with from goalpost.approvals where id = tests.get('second')), tests.get('first'), 'a second step waits for the same decision');
select is(tests.value_for('petra', 'select count(*) from goalpost.inbox'), '1', 'one approval is in the inbox');
select tests.leave_waiting(tests.get('run'), k) from unnest(array['a', 'b']) k;
-- A cap of another scope with the same key.
insert into goalpost.budgets (workspace_id, scope, key, cap_microusd, cap_tokens, created_at)
values (tests.id_of('acme'), 'user_day', tests.get('run')::text, 1, 1, goalpost_private.clock());
select tests.decide('petra', tests.get('first'), 'approved');
select is((select cap_microusd from goalpost.budgets where scope = 'user_day' and key = tests.get('run')::text), 1::bigint, 'a raise changes no cap of another scope');
select is(tests.caps(tests.get('run')), 'workspace_month 2700+0/250000000, user_day 2700+0/25000000, run 2700+0/10000', 'the approved raise raises the cap');
select is(tests.state(tests.get('run'), 'a') || ' ' || tests.state(tests.get('run'), 'b'), 'ready ready', 'both waiting steps are ready');
select is((select state from goalpost.approvals where id = tests.get('second')), 'approved', 'both of the approvals are approved');
select results_eq('select from_microusd, to_microusd, raised_by from goalpost.budget_raises where from_microusd <> to_microusd', format('values (5000::bigint, 10000::bigint, %L::uuid)', tests.id_of('petra')), 'the raise is a row with the approver');
select is(tests.reserve(tests.get('run'), 'a'), '{"number": 2}', 'a model call fits the raised cap');

-- Edited to a lower raise.
select tests.reserve(tests.get('run'), 'b');
select tests.end_turn(tests.get('run'), 'a', 2, tests.no_end());
select tests.end_turn(tests.get('run'), 'b', 1, tests.no_end());
select tests.set('third', (tests.reserve(tests.get('run'), 'c') ->> 'waits_for_person')::bigint);
select is((select decided_with from goalpost.approvals where id = tests.get('third')), null, 'a decided approval does not decide a later one');
select tests.leave_waiting(tests.get('run'), 'c');
select tests.decide('petra', tests.get('third'), 'approved', jsonb_build_object('edited', (select subject || '{"max_microusd": 10800}' from goalpost.approvals where id = tests.get('third'))));
select matches(tests.caps(tests.get('run')), '/10000$', 'a raise edited by another person waits for the requester');
select tests.confirm('mia', tests.get('third'));
select matches(tests.caps(tests.get('run')), 'run 8100\+0/10800$', 'the confirmed raise sets the edited cap');
select is(tests.reserve(tests.get('run'), 'c'), '{"number": 1}', 'a model call fits the edited cap');
select tests.end_turn(tests.get('run'), 'c', 1, tests.no_end());
-- Edited below the present cap: the cap stays.
select tests.set('fourth', (tests.reserve(tests.get('run'), 'c') ->> 'waits_for_person')::bigint);
select tests.decide('petra', tests.get('fourth'), 'approved', jsonb_build_object('edited', (select subject || '{"max_microusd": 1}' from goalpost.approvals where id = tests.get('fourth'))));
select tests.confirm('mia', tests.get('fourth'));
select matches(tests.caps(tests.get('run')), '10800$', 'a raise below the present cap does not lower it');

-- A rejected raise.
select tests.set('fifth', (tests.reserve(tests.get('run'), 'c') ->> 'waits_for_person')::bigint);
select tests.start(tests.get('run'), 'c');
update goalpost.steps set on_failure = 'continue' where run_id = tests.get('run');
select tests.leave_waiting(tests.get('run'), 'c');
select tests.decide('petra', tests.get('fifth'), 'rejected', '{"comment": "enough"}');
select is(tests.state(tests.get('run'), 'c'), 'failed', 'a rejected raise fails the step');
select is((tests.step(tests.get('run'), 'c')).error ->> 'code', 'budget_exhausted', 'the error code is budget_exhausted');
select is((tests.step(tests.get('run'), 'c')).error ->> 'message', 'the cap was not raised: rejected: enough', 'the error message has the reason of the rejection');

-- Rejected with others of the tree, where a failure ends the run.
select tests.set('run2', tests.working('mia', 'acme', '{"max_microusd": 0, "on_exhausted": "ask"}'));
select tests.bare_step(tests.get('run2'), 'b', 'running', 'agent');
select tests.set('sixth', (tests.reserve(tests.get('run2'), 'a') ->> 'waits_for_person')::bigint);
select tests.reserve(tests.get('run2'), 'b');
select tests.leave_waiting(tests.get('run2'), k) from unnest(array['a', 'b']) k;
select tests.decide('petra', tests.get('sixth'), 'rejected');
select is(tests.run_state(tests.get('run2')), 'failed', 'a rejection fails the run');
select is((select state from goalpost.approvals where decided_with = tests.get('sixth')), 'cancelled', 'a linked approval cancelled with its step stays cancelled');
select matches((tests.request_of(tests.get('run2'))).reason, '^budget_exhausted: ', 'the reason of the request contains the code');

-- Rejected while the worker holds the step: it gets the refusal at its next call.
select tests.set('run6', tests.working('mia', 'acme', '{"max_microusd": 0, "on_exhausted": "ask"}'));
select tests.set('seventh', (tests.reserve(tests.get('run6'), 'a') ->> 'waits_for_person')::bigint);
select tests.decide('petra', tests.get('seventh'), 'rejected');
select is(tests.state(tests.get('run6'), 'a'), 'running', 'a rejection leaves a running step to its worker');

-- The workspace's month is for admins, up to what the project grants.
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
select is((select required_role from goalpost.approvals where id = tests.get('month')), 'admin', 'the raise of the month''s cap needs an admin');
select is(tests.decided('petra', tests.get('month'), 'approved'), 'ZG002', 'an approver may not raise the month''s cap');
select tests.decide('adam', tests.get('month'), 'approved');
select is((select cap_microusd from goalpost.budgets where scope = 'workspace_month'), 20000::bigint, 'the month''s cap is raised to the granted amount only');

-- No decision in time.
select tests.set('run4', tests.working('mia', 'acme', '{"max_microusd": 0}'));
select tests.reserve(tests.get('run4'), 'a');
select tests.leave_waiting(tests.get('run4'), 'a');
select is((select count(*) from goalpost.approvals where run_id = tests.get('run4') and state = 'pending'), 1::bigint, 'the workspace''s setting asks where the request has none');
update goalpost.workflow_runs set deadline_at = goalpost_private.clock() + interval '30 days';
select tests.advance_clock('8 days');
select goalpost_worker.sweep();
select is((tests.step(tests.get('run4'), 'a')).error ->> 'code', 'budget_exhausted', 'a raise without a decision has the code budget_exhausted');
select is(tests.state(tests.get('run4'), 'a'), 'failed', 'a raise without a decision fails the step');
select tests.set('run5', tests.working('mia', 'acme', '{"max_microusd": 0, "on_exhausted": "fail"}'));
select is(tests.reserve(tests.get('run5'), 'a') #>> '{refused,code}', 'budget_exhausted', 'a request with on_exhausted fail is refused at the cap');
select is((select count(*) from goalpost.approvals where run_id = tests.get('run5')), 0::bigint, 'a request with on_exhausted fail asks no person');

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
