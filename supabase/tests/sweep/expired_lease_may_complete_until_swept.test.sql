-- The epoch decides, and not the clock.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select tests.advance_clock('10 minutes');
select is(tests.complete(tests.get('run'), 'a'), 'accepted', 'a completion after the lease''s end is accepted before a sweep');
select is((goalpost_worker.sweep()) ->> 'leases_expired', '0', 'a later sweep finds no expired lease');

select * from finish();
rollback;
