-- So many people, each once, for one version; a rejection decides at once.
begin;
select plan(20);
select tests.world();

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('two', tests.asks(tests.get('run'), 'a', 'tool_call', '{"quorum": 2}'));
select is(tests.decide('petra', tests.get('two'), 'approved') - 'approval_id',
  '{"state": "pending", "waits_for": "approver", "first": true, "decided_by": null, "decided_at": null, "quorum": 2, "votes": 1}', 'the first of two');
select is(tests.decide('petra', tests.get('two'), 'approved') ->> 'votes', '1', 'the same person does not count twice');
select is((select state from goalpost.approvals where id = tests.get('two')), 'pending', 'it is not decided');
select is(tests.value_for('petra', 'select count(*) from goalpost.inbox'), '0', 'it waits no more for her');
select is(tests.value_for('adam', 'select votes || ''/'' || quorum from goalpost.inbox'), '1/2', 'others see how far it is');
select is(tests.decide('adam', tests.get('two'), 'approved') ->> 'state', 'approved', 'the second of two');
select is((tests.the_call(tests.get('run'), 'a')).state, 'intended', 'the call may be made');

select tests.set('edited', tests.asks(tests.get('run'), 'a', 'tool_call', '{"quorum": 2}'));
select tests.decide('petra', tests.get('edited'), 'approved');
select is(tests.decide('adam', tests.get('edited'), 'approved', '{"edited": {"query": "select 2"}}') ->> 'votes', '1', 'an edit is a new version, with one vote');
select is(tests.decided('olga', tests.get('edited'), 'approved'), 'ZG004', 'who did not see it has to say what they mean');
select is(tests.decided('olga', tests.get('edited'), 'approved', jsonb_build_object('hash', goalpost_private.hash_of('{"query": "select 1"}'))), 'ZG004', 'the old version is not to be had any more');
select is(tests.value_for('petra', 'select subject ->> ''query'' from goalpost.inbox'), 'select 2', 'it waits again for who voted for the old one');
select is(tests.decide('petra', tests.get('edited'), 'approved', jsonb_build_object('hash', goalpost_private.hash_of('{"query": "select 2"}'))) ->> 'waits_for', 'requester', 'two for the new one, which waits for the requester');
select tests.confirm('mia', tests.get('edited'));
select is((tests.the_call(tests.get('run'), 'a', 2)).arguments, '{"query": "select 2"}', 'which is what is called');
select is((select corrected_by from goalpost.corrections), tests.id_of('adam'), 'the correction names the person who edited');

select tests.set('rejected', tests.asks(tests.get('run'), 'a', 'tool_call', '{"quorum": 3}'));
select tests.decide('petra', tests.get('rejected'), 'approved');
select is(tests.decide('adam', tests.get('rejected'), 'rejected') ->> 'state', 'rejected', 'one who rejects decides');
select is((tests.the_call(tests.get('run'), 'a', 3)).state, 'denied', 'the call is not made');
select is(tests.decide('olga', tests.get('rejected'), 'approved') ->> 'first', 'false', 'later votes change nothing');
select is((select count(*) from goalpost.approval_votes where approval_id = tests.get('rejected')), 1::bigint, 'and are not counted');

select tests.set('step', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"quorum": 2}'))));
select tests.decide('petra', (tests.approval_of(tests.get('step'), 'ap')).id, 'approved');
select is(tests.state(tests.get('step'), 'ap'), 'waiting', 'a step of the plan may ask for two');
select tests.decide('olga', (tests.approval_of(tests.get('step'), 'ap')).id, 'approved');
select is(tests.state(tests.get('step'), 'ap'), 'completed', 'and has them');

select * from finish();
rollback;
