-- waiting -> intended, with the arguments that were approved; an edit is kept beside the proposal.
begin;
select plan(15);
select tests.world();

update goalpost.tools set parameters = '{"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"], "additionalProperties": false}' where name = 'sql';
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent(), 'b', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('plain', tests.asks(tests.get('run'), 'a'));
select tests.leave_waiting(tests.get('run'), 'a');
select tests.decide('petra', tests.get('plain'), 'approved');
select is((tests.the_call(tests.get('run'), 'a')).state, 'intended', 'an approved call is intended');
select is((tests.the_call(tests.get('run'), 'a')).proposed_arguments, null, 'an approved call without an edit has no proposed arguments');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'the step is ready when its call is approved');
select is_empty('select from goalpost.corrections', 'an approval without an edit is no correction');

select tests.set('edited', tests.asks(tests.get('run'), 'b'));
select tests.leave_waiting(tests.get('run'), 'b');
select tests.decide('petra', tests.get('edited'), 'approved', '{"edited": {"query": "select 2"}, "comment": "two is better"}');
select tests.confirm('mia', tests.get('edited'));
select is((tests.the_call(tests.get('run'), 'b')).arguments, '{"query": "select 2"}', 'an edited call has the edited arguments');
select is((tests.the_call(tests.get('run'), 'b')).proposed_arguments, '{"query": "select 1"}', 'an edited call keeps the proposed arguments');
select is((tests.the_call(tests.get('run'), 'b')).arguments_hash, goalpost_private.hash_of('{"query": "select 2"}'), 'an edited call has the hash of its new arguments');
select is((tests.the_call(tests.get('run'), 'b')).state, 'intended', 'an edited and confirmed call is intended');
select results_eq('select kind, tool, proposed, corrected, comment, corrected_by, step_key from goalpost.corrections',
  format($$ values ('tool_call', 'sql', '{"query": "select 1"}'::jsonb, '{"query": "select 2"}'::jsonb, null::text, %L::uuid, 'b') $$, tests.id_of('petra')), 'the edit is kept as a correction');
select is((select agent_id from goalpost.corrections), (tests.step(tests.get('run'), 'b')).agent_id, 'the correction refers to the agent of the step');

select tests.set('third', tests.planned('c', jsonb_build_object('c', tests.agent())));
select tests.start(tests.get('third'), 'c');
select tests.set('rejected', tests.asks(tests.get('third'), 'c'));
select tests.leave_waiting(tests.get('third'), 'c');
select tests.decide('petra', tests.get('rejected'), 'rejected', '{"comment": "too costly"}');
select is((tests.the_call(tests.get('third'), 'c')).state, 'denied', 'a rejected call is not made');
select is((tests.the_call(tests.get('third'), 'c')).error ->> 'message', 'rejected: too costly', 'the call''s error has the reason of the rejection');
select is(tests.state(tests.get('third'), 'c'), 'ready', 'the step is ready when its call is rejected');
select is(tests.run_state(tests.get('third')), 'running', 'the run goes on when a call is rejected');
select is((select count(*) from goalpost.corrections), 1::bigint, 'a rejection is no correction');

select * from finish();
rollback;
