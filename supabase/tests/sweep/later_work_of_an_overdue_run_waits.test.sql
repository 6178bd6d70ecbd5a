-- One part of a run is overdue; parts of the same run that are due later are left, and decided approvals are not
-- counted.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'timer', 'waiting', p_more => '{"run_after": "2030-01-01 11:00:00+00"}');
select tests.bare_step(tests.get('run'), 'later', 'waiting', p_more => '{"run_after": "2030-01-01 12:00:01+00"}');
select tests.bare_step(tests.get('run'), 'now', 'running', p_more => '{"lease_expires_at": "2030-01-01 12:00:00+00"}');
select tests.bare_step(tests.get('run'), 'long', 'running', p_more => '{"timeout_seconds": 60, "started_at": "2030-01-01 11:59:00+00", "lease_expires_at": "2030-01-01 13:00:00+00"}');
select tests.bare_step(tests.get('run'), 'lost', 'running', p_more => '{"lease_expires_at": "2030-01-01 11:59:59+00"}');
select tests.bare_step(tests.get('run'), 'ap', 'waiting', 'approval');
insert into goalpost.approvals (workspace_id, run_id, step_key, number, question, shown, required_role, on_reject, requested_at, expires_at, escalates_at, escalates_to, state, decided_at, decided_by)
select tests.id_of('acme'), tests.get('run'), 'ap', n, 'May it?', '{}', 'approver', 'continue', now(), e, '2030-01-01 12:00:01+00', 'owner', s,
       case s when 'approved' then now() end, case s when 'approved' then tests.id_of('petra') end
  from (values (1, '2030-01-02'::timestamptz, 'pending'), (2, '2030-01-01 11:00:00+00', 'approved')) a (n, e, s);
select tests.set('report', goalpost_private.sweep()::text);
select is(tests.state(tests.get('run'), 'timer') || ' ' || tests.state(tests.get('run'), 'lost'), 'ready ready', 'the overdue timer and the expired lease are handled');
select is(tests.state(tests.get('run'), 'later'), 'waiting', 'a timer due a second later waits');
select is(tests.state(tests.get('run'), 'now') || ' ' || tests.state(tests.get('run'), 'long'), 'running running', 'a lease and a time-out that end now are still valid');
select is((select a.required_role || ' ' || a.state from goalpost.approvals a where a.run_id = tests.get('run') and a.number = 1), 'approver pending', 'an approval due a second later neither escalates nor expires');
select is((select a.state from goalpost.approvals a where a.run_id = tests.get('run') and a.number = 2), 'approved', 'a decided approval stays decided');
select is(tests.kept('report')::jsonb ->> 'approvals_expired', '0', 'a decided approval is not counted as expired');
select is(tests.kept('report')::jsonb ->> 'leases_expired', '1', 'one expired lease is counted');

select * from finish();
rollback;
