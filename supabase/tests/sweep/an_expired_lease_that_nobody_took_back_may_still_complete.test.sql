-- Authority is the epoch, never a clock.
begin;
select plan(2);
select tests.world();

select tests.keep('run', tests.planned('a'));
select tests.start(tests.the('run'), 'a');
select tests.pass('10 minutes');
select is(tests.complete(tests.the('run'), 'a'), 'accepted', 'late by the clock, but it is still its own');
select is((goalpost_worker.sweep()) ->> 'leases_expired', '0', 'and there is nothing to take back');

select * from finish();
rollback;
