-- A worker extends its leases by heartbeats; the lease then ends later, by the database's clock.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select tests.advance_clock('20 seconds');
select is(
  goalpost_worker.heartbeat_steps(jsonb_build_array(tests.outcome(tests.get('run'), 'a', '-')), 60) #> '{0,held}', 'true', 'a heartbeat under the lease returns held');
select is((tests.step(tests.get('run'), 'a')).lease_expires_at, goalpost_private.clock() + interval '60 seconds', 'the lease ends a minute after the heartbeat');

select * from finish();
rollback;
