-- The role is raised once, in the row and in the history; the expiry stays.
begin;
select plan(9);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"required_role": "approver", "escalates_after_seconds": 600, "escalates_to": "owner", "expires_after_seconds": 3600}'))));
select tests.advance_clock('9 minutes');
select goalpost_worker.sweep();
select is((tests.approval_of(tests.get('run'), 'ap')).required_role, 'approver', 'an approval before its escalation keeps its role');
select tests.advance_clock('1 minute');
select goalpost_worker.sweep();
select is((tests.approval_of(tests.get('run'), 'ap')).required_role, 'owner', 'an approval at its escalation needs an owner');
select is((select data - 'approval_id' from goalpost.events where type = 'approval.escalated'), '{"from": "approver", "to": "owner"}', 'the escalation is an event with both roles');
select is(tests.value_for('petra', 'select count(*) from goalpost.inbox'), '0', 'the escalated approval leaves the approver''s inbox');
select is(tests.value_for('olga', 'select count(*) from goalpost.inbox'), '1', 'the escalated approval is in the owner''s inbox');
select goalpost_worker.sweep();
select is((select count(*) from goalpost.events where type = 'approval.escalated'), 1::bigint, 'an approval escalates only once');
select is(tests.decided('petra', (tests.approval_of(tests.get('run'), 'ap')).id, 'approved'), 'ZG002', 'an approver may not decide the escalated approval');
select tests.advance_clock('50 minutes');
select goalpost_worker.sweep();
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'expired', 'an escalated approval expires at its original time');
select is((select escalates_at from goalpost.approvals), null, 'an escalated approval has no further escalation');

select * from finish();
rollback;
