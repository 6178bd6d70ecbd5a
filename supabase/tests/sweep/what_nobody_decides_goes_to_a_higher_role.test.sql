-- Escalation: the role is raised once, in the row and in the history; the expiry stays.
begin;
select plan(9);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"required_role": "approver", "escalates_after_seconds": 600, "escalates_to": "owner", "expires_after_seconds": 3600}'))));
select tests.advance_clock('9 minutes');
select goalpost_worker.sweep();
select is((tests.approval_of(tests.get('run'), 'ap')).required_role, 'approver', 'not yet');
select tests.advance_clock('1 minute');
select goalpost_worker.sweep();
select is((tests.approval_of(tests.get('run'), 'ap')).required_role, 'owner', 'now it is the owner''s');
select is((select data - 'approval_id' from goalpost.events where type = 'approval.escalated'), '{"from": "approver", "to": "owner"}', 'the history says so');
select is(tests.value_for('petra', 'select count(*) from goalpost.inbox'), '0', 'it has left the inbox of approvers');
select is(tests.value_for('olga', 'select count(*) from goalpost.inbox'), '1', 'and is in the owner''s');
select goalpost_worker.sweep();
select is((select count(*) from goalpost.events where type = 'approval.escalated'), 1::bigint, 'once');
select is(tests.decided('petra', (tests.approval_of(tests.get('run'), 'ap')).id, 'approved'), 'ZG002', 'approvers decide it no more');
select tests.advance_clock('50 minutes');
select goalpost_worker.sweep();
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'expired', 'it expires when it would have');
select is((select escalates_at from goalpost.approvals), null, 'nothing is left to escalate');

select * from finish();
rollback;
