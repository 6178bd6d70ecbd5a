-- Two approvals are overdue. The expiry of the first winds the run down and cancels the second: it does not expire.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.approval('{"expires_after_seconds": 60}'), 'b', tests.approval('{"expires_after_seconds": 60}'))));
select tests.advance_clock('2 minutes');
select goalpost_private.sweep();
select is((tests.approval_of(tests.get('run'), 'a')).state, 'expired', 'the first overdue approval expires');
select is((tests.approval_of(tests.get('run'), 'b')).state, 'cancelled', 'the second overdue approval is cancelled with the run');

select * from finish();
rollback;
