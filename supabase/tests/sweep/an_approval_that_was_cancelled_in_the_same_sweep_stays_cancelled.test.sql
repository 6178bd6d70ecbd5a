-- Two decisions are overdue. The first one's absence ends the run, and the second one with it: it did not expire.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.approval('{"expires_after_seconds": 60}'), 'b', tests.approval('{"expires_after_seconds": 60}'))));
select tests.advance_clock('2 minutes');
select goalpost_private.sweep();
select is((tests.approval_of(tests.get('run'), 'a')).state, 'expired', 'the first expired');
select is((tests.approval_of(tests.get('run'), 'b')).state, 'cancelled', 'the second was cancelled');

select * from finish();
rollback;
