-- While it works, a worker says so; the lease then ends later, by the database's clock.
begin;
select plan(2);
select tests.world();

select tests.keep('run', tests.planned('a'));
select tests.start(tests.the('run'), 'a');
select tests.pass('20 seconds');
select is(
  goalpost_worker.heartbeat_steps(jsonb_build_array(tests.outcome(tests.the('run'), 'a', '-')), 60) #> '{0,held}', 'true', 'held');
select is((tests.step(tests.the('run'), 'a')).lease_expires_at, goalpost_private.clock() + interval '60 seconds', 'for another minute');

select * from finish();
rollback;
