-- waiting -> intended, with the arguments that were approved; what a person changed is kept beside what was proposed.
begin;
select plan(15);
select tests.world();

update goalpost.tools set parameters = '{"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"], "additionalProperties": false}' where name = 'sql';
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent(), 'b', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('plain', tests.asks(tests.get('run'), 'a'));
select tests.leave_waiting(tests.get('run'), 'a');
select tests.decide('petra', tests.get('plain'), 'approved');
select is((tests.the_call(tests.get('run'), 'a')).state, 'intended', 'as it was');
select is((tests.the_call(tests.get('run'), 'a')).proposed_arguments, null, 'nothing was changed');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'the step goes on');
select is_empty('select from goalpost.corrections', 'nothing is learned from that');

select tests.set('edited', tests.asks(tests.get('run'), 'b'));
select tests.leave_waiting(tests.get('run'), 'b');
select tests.decide('petra', tests.get('edited'), 'approved', '{"edited": {"query": "select 2"}, "comment": "two is better"}');
select tests.confirm('mia', tests.get('edited'));
select is((tests.the_call(tests.get('run'), 'b')).arguments, '{"query": "select 2"}', 'as it was edited');
select is((tests.the_call(tests.get('run'), 'b')).proposed_arguments, '{"query": "select 1"}', 'what was proposed is kept');
select is((tests.the_call(tests.get('run'), 'b')).arguments_hash, goalpost_private.hash_of('{"query": "select 2"}'), 'with its own hash');
select is((tests.the_call(tests.get('run'), 'b')).state, 'intended', 'it may be made');
select results_eq('select kind, tool, proposed, corrected, comment, corrected_by, step_key from goalpost.corrections',
  format($$ values ('tool_call', 'sql', '{"query": "select 1"}'::jsonb, '{"query": "select 2"}'::jsonb, null::text, %L::uuid, 'b') $$, tests.id_of('petra')), 'the correction is kept');
select is((select agent_id from goalpost.corrections), (tests.step(tests.get('run'), 'b')).agent_id, 'for its agent');

select tests.set('third', tests.planned('c', jsonb_build_object('c', tests.agent())));
select tests.start(tests.get('third'), 'c');
select tests.set('rejected', tests.asks(tests.get('third'), 'c'));
select tests.leave_waiting(tests.get('third'), 'c');
select tests.decide('petra', tests.get('rejected'), 'rejected', '{"comment": "too dear"}');
select is((tests.the_call(tests.get('third'), 'c')).state, 'denied', 'a rejected call is not made');
select is((tests.the_call(tests.get('third'), 'c')).error ->> 'message', 'rejected: too dear', 'and the model is told why');
select is(tests.state(tests.get('third'), 'c'), 'ready', 'the step goes on without it');
select is(tests.run_state(tests.get('third')), 'running', 'and so does the run');
select is((select count(*) from goalpost.corrections), 1::bigint, 'a rejection is no correction');

select * from finish();
rollback;
