-- A quorum counts people, each once, for one version; one rejection decides at once.
begin;
select plan(20);
select tests.world();

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('two', tests.asks(tests.get('run'), 'a', 'tool_call', '{"quorum": 2}'));
select is(tests.decide('petra', tests.get('two'), 'approved') - 'approval_id',
  '{"state": "pending", "waits_for": "approver", "first": true, "decided_by": null, "decided_at": null, "quorum": 2, "votes": 1}', 'the first of two votes leaves the approval pending');
select is(tests.decide('petra', tests.get('two'), 'approved') ->> 'votes', '1', 'a second vote of the same person does not count');
select is((select state from goalpost.approvals where id = tests.get('two')), 'pending', 'the approval is still pending after a repeated vote');
select is(tests.value_for('petra', 'select count(*) from goalpost.inbox'), '0', 'the approval leaves the inbox of a person who voted');
select is(tests.value_for('adam', 'select votes || ''/'' || quorum from goalpost.inbox'), '1/2', 'the inbox of others shows the votes and the quorum');
select is(tests.decide('adam', tests.get('two'), 'approved') ->> 'state', 'approved', 'the second person''s vote approves');
select is((tests.the_call(tests.get('run'), 'a')).state, 'intended', 'a call approved by its quorum is intended');

select tests.set('edited', tests.asks(tests.get('run'), 'a', 'tool_call', '{"quorum": 2}'));
select tests.decide('petra', tests.get('edited'), 'approved');
select is(tests.decide('adam', tests.get('edited'), 'approved', '{"edited": {"query": "select 2"}}') ->> 'votes', '1', 'an edit is a new version with one vote');
select is(tests.decided('olga', tests.get('edited'), 'approved'), 'ZG004', 'a vote without a hash is refused after an edit');
select is(tests.decided('olga', tests.get('edited'), 'approved', jsonb_build_object('hash', goalpost_private.hash_of('{"query": "select 1"}'))), 'ZG004', 'a vote with the hash of the old version is refused');
select is(tests.value_for('petra', 'select subject ->> ''query'' from goalpost.inbox'), 'select 2', 'the edit returns to the inbox of earlier voters');
select is(tests.decide('petra', tests.get('edited'), 'approved', jsonb_build_object('hash', goalpost_private.hash_of('{"query": "select 2"}'))) ->> 'waits_for', 'requester', 'two votes for the edit make it wait for the requester');
select tests.confirm('mia', tests.get('edited'));
select is((tests.the_call(tests.get('run'), 'a', 2)).arguments, '{"query": "select 2"}', 'the call has the edited arguments');
select is((select corrected_by from goalpost.corrections), tests.id_of('adam'), 'the correction names the person who edited');

select tests.set('rejected', tests.asks(tests.get('run'), 'a', 'tool_call', '{"quorum": 3}'));
select tests.decide('petra', tests.get('rejected'), 'approved');
select is(tests.decide('adam', tests.get('rejected'), 'rejected') ->> 'state', 'rejected', 'one rejection decides in spite of a quorum of three');
select is((tests.the_call(tests.get('run'), 'a', 3)).state, 'denied', 'the rejected call is denied');
select is(tests.decide('olga', tests.get('rejected'), 'approved') ->> 'first', 'false', 'a later vote is not the first decision');
select is((select count(*) from goalpost.approval_votes where approval_id = tests.get('rejected')), 1::bigint, 'a later vote is not counted');

select tests.set('step', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"quorum": 2}'))));
select tests.decide('petra', (tests.approval_of(tests.get('step'), 'ap')).id, 'approved');
select is(tests.state(tests.get('step'), 'ap'), 'waiting', 'an approval step with a quorum of two waits for another');
select tests.decide('olga', (tests.approval_of(tests.get('step'), 'ap')).id, 'approved');
select is(tests.state(tests.get('step'), 'ap'), 'completed', 'an approval step with a quorum of two is completed by two');

select * from finish();
rollback;
