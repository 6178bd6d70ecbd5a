-- An unknown role is an approver's, an expiry out of bounds a week, an unknown on_reject a failure.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"required_role": "viewer", "expires_after_seconds": 5, "on_reject": "ignore"}'))));
select is((tests.approval_of(tests.get('run'), 'ap')).required_role, 'approver', 'a viewer never decides');
select is((tests.approval_of(tests.get('run'), 'ap')).expires_at, goalpost_private.clock() + interval '7 days', 'five seconds are no time');
select is((tests.approval_of(tests.get('run'), 'ap')).on_reject, 'fail', 'a rejection is not ignored');

select * from finish();
rollback;
