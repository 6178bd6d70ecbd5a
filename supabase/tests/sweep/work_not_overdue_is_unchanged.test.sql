-- One step of a run has lost its worker: the rest of the run is not changed before its time.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'lost', 'running', 'tool', jsonb_build_object('lease_expires_at', goalpost_private.clock() - interval '1 second')),
       tests.bare_step(tests.get('run'), 'held', 'running', 'tool', jsonb_build_object('lease_expires_at', goalpost_private.clock() + interval '1 hour')),
       tests.bare_step(tests.get('run'), 'later', 'waiting', 'tool', jsonb_build_object('run_after', goalpost_private.clock() + interval '1 hour')),
       tests.bare_step(tests.get('run'), 'free', 'ready', 'plan', jsonb_build_object('run_after', goalpost_private.clock())),
       tests.bare_step(tests.get('run'), 'ask', 'waiting', 'approval');
insert into goalpost.approvals (workspace_id, run_id, step_key, question, shown, required_role, on_reject, requested_at, expires_at)
values (tests.id_of('acme'), tests.get('run'), 'ask', 'May it?', '{}', 'member', 'fail', goalpost_private.clock(), goalpost_private.clock() + interval '1 hour');
create temp table swept as select goalpost_private.sweep() as report;

select is((select report ->> 'leases_expired' from swept), '1', 'the one expired lease is counted');
select is(tests.state(tests.get('run'), 'held'), 'running', 'a step under a valid lease keeps running');
select is(tests.state(tests.get('run'), 'later'), 'waiting', 'a step whose timer is later keeps waiting');
select is((tests.approval_of(tests.get('run'), 'ask')).state, 'pending', 'an approval before its expiry stays pending');
select is((select report ->> 'timers_fired' from swept), '0', 'a ready step is not counted as a timer');

delete from goalpost.wakes;
update goalpost.steps set run_after = goalpost_private.clock() where run_id = tests.get('run') and key = 'held';
update goalpost.steps set run_after = goalpost_private.clock() + interval '1 day' where run_id = tests.get('run') and state = 'ready';
select tests.advance_clock('2 seconds');
select goalpost_private.sweep();
select is(tests.wake_count('executor'), 0::bigint, 'a running step causes no wake');
select is(tests.wake_count('planner'), 0::bigint, 'a step that is not due causes no wake');

select * from finish();
rollback;
