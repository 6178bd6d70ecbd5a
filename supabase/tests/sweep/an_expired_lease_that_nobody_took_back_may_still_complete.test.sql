-- Authority is the epoch, never a clock.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select tests.advance_clock('10 minutes');
select is(tests.complete(tests.get('run'), 'a'), 'accepted', 'late by the clock, but it is still its own');
select is((goalpost_worker.sweep()) ->> 'leases_expired', '0', 'and there is nothing to take back');

select * from finish();
rollback;
