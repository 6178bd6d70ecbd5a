-- Votes count when the quorum is reached, if their voters hold the role at that time.
begin;
select plan(9);
select tests.world();

insert into goalpost.members values (tests.id_of('acme'), tests.person('paul'), 'approver');
select tests.set('run', tests.planned('a, ap', jsonb_build_object('a', tests.agent(), 'ap', tests.approval('{"quorum": 2, "escalates_after_seconds": 3600, "escalates_to": "admin"}'))));
select tests.start(tests.get('run'), 'a');
select tests.set('demoted', tests.asks(tests.get('run'), 'a', 'tool_call', '{"quorum": 2}'));
select tests.decide('petra', tests.get('demoted'), 'approved');
update goalpost.members set role = 'member' where user_id = tests.id_of('petra');
select is(tests.decide('paul', tests.get('demoted'), 'approved') ->> 'votes', '1', 'the vote of a demoted person does not count');
select is(tests.decide('adam', tests.get('demoted'), 'approved') ->> 'state', 'approved', 'two persons who hold the role reach the quorum');

update goalpost.members set role = 'approver' where user_id = tests.id_of('petra');
select tests.set('removed', tests.asks(tests.get('run'), 'a', 'tool_call', '{"quorum": 2}'));
select tests.decide('petra', tests.get('removed'), 'approved');
delete from goalpost.members where user_id = tests.id_of('petra');
select is(tests.decide('paul', tests.get('removed'), 'approved') ->> 'state', 'pending', 'the vote of a removed person does not count');
select is(tests.value_for('adam', 'select votes from goalpost.inbox where approval_id = ' || tests.get('removed')), '1', 'the inbox does not count a removed person''s vote');

select tests.set('step', (tests.approval_of(tests.get('run'), 'ap')).id);
select tests.decide('paul', tests.get('step'), 'approved');
select tests.advance_clock('1 hour');
select goalpost_worker.sweep();
select is((select required_role from goalpost.approvals where id = tests.get('step')), 'admin', 'the step''s approval has escalated to admins');
select is(tests.decide('adam', tests.get('step'), 'approved') ->> 'state', 'pending', 'a vote before the escalation needs the escalated role to count');
select is(tests.decide('olga', tests.get('step'), 'approved') ->> 'state', 'approved', 'two persons who hold the escalated role reach the quorum');

-- The role is checked again when the requester confirms.
select tests.set('edited', tests.asks(tests.get('run'), 'a', 'tool_call', '{}'));
select tests.decide('paul', tests.get('edited'), 'approved', '{"edited": {"query": "select 2"}}');
update goalpost.members set role = 'member' where user_id = tests.id_of('paul');
select is(tests.confirm('mia', tests.get('edited')) ->> 'waits_for', 'approver', 'a confirmed edit of a demoted approver waits for an approver');
select is(tests.confirm('adam', tests.get('edited')) ->> 'state', 'approved', 'an approver and the requester''s confirmation are enough');

select * from finish();
rollback;
