-- An unknown role becomes approver, an expiry out of bounds a week, an unknown on_reject a failure.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"required_role": "viewer", "expires_after_seconds": 5, "on_reject": "ignore"}'))));
select is((tests.approval_of(tests.get('run'), 'ap')).required_role, 'approver', 'a viewer as required role becomes approver');
select is((tests.approval_of(tests.get('run'), 'ap')).expires_at, goalpost_private.clock() + interval '7 days', 'an expiry of five seconds becomes a week');
select is((tests.approval_of(tests.get('run'), 'ap')).on_reject, 'fail', 'an unknown on_reject becomes fail');

select * from finish();
rollback;
