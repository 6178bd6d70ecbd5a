-- The sweep is idempotent.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a, b, ap', jsonb_build_object('ap', tests.approval('{"expires_after_seconds": 60, "on_reject": "continue"}'))));
select tests.finish(tests.get('run'), 'b', 'waiting', '{"resume_after_seconds": 10}');
select tests.advance_clock('2 minutes');
select tests.set('first', goalpost_worker.sweep()::text);
select tests.set('events', (select count(*) from goalpost.events));
select is(tests.kept('first')::jsonb - 'wakes_sent', '{"runs_of_departed_cancelled": 0, "leases_expired": 1, "schedules_asked": 0, "changes_asked": 0, "messages_taken": 0, "steps_timed_out": 0, "runs_timed_out": 0, "timers_fired": 1, "approvals_expired": 1, "requests_adopted": 0, "approvals_escalated": 0, "turns_settled": 0, "more": false}', 'the first sweep finds one row of each kind');
select is((goalpost_worker.sweep()) - 'wakes_sent', '{"runs_of_departed_cancelled": 0, "leases_expired": 0, "schedules_asked": 0, "changes_asked": 0, "messages_taken": 0, "steps_timed_out": 0, "runs_timed_out": 0, "timers_fired": 0, "approvals_expired": 0, "requests_adopted": 0, "approvals_escalated": 0, "turns_settled": 0, "more": false}', 'the second sweep finds no row');
select is((select count(*) from goalpost.events), tests.get('events'), 'the second sweep records no event');

select * from finish();
rollback;
