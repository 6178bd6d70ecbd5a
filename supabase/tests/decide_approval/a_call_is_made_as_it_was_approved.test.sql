-- waiting -> intended, with the arguments that were approved; what a person changed is kept beside what was proposed.
begin;
select plan(15);
select tests.world();

update goalpost.tools set parameters = '{"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"], "additionalProperties": false}' where name = 'sql';
select tests.keep('run', tests.planned('a, b', jsonb_build_object('a', tests.agent(), 'b', tests.agent())));
select tests.start(tests.the('run'), 'a');
select tests.keep('plain', tests.asks(tests.the('run'), 'a'));
select tests.leave_waiting(tests.the('run'), 'a');
select tests.decide('petra', tests.the('plain'), 'approved');
select is((tests.the_call(tests.the('run'), 'a')).state, 'intended', 'as it was');
select is((tests.the_call(tests.the('run'), 'a')).proposed_arguments, null, 'nothing was changed');
select is(tests.state(tests.the('run'), 'a'), 'ready', 'the step goes on');
select is_empty('select from goalpost.corrections', 'nothing is learned from that');

select tests.keep('edited', tests.asks(tests.the('run'), 'b'));
select tests.leave_waiting(tests.the('run'), 'b');
select tests.decide('petra', tests.the('edited'), 'approved', '{"edited": {"query": "select 2"}, "comment": "two is better"}');
select tests.confirm('mia', tests.the('edited'));
select is((tests.the_call(tests.the('run'), 'b')).arguments, '{"query": "select 2"}', 'as it was edited');
select is((tests.the_call(tests.the('run'), 'b')).proposed_arguments, '{"query": "select 1"}', 'what was proposed is kept');
select is((tests.the_call(tests.the('run'), 'b')).arguments_hash, goalpost_private.hash_of('{"query": "select 2"}'), 'with its own hash');
select is((tests.the_call(tests.the('run'), 'b')).state, 'intended', 'it may be made');
select results_eq('select kind, tool, proposed, corrected, comment, corrected_by, step_key from goalpost.corrections',
  format($$ values ('tool_call', 'sql', '{"query": "select 1"}'::jsonb, '{"query": "select 2"}'::jsonb, null::text, %L::uuid, 'b') $$, tests.id_of('petra')), 'the correction is kept');
select is((select agent_id from goalpost.corrections), (tests.step(tests.the('run'), 'b')).agent_id, 'for its agent');

select tests.keep('third', tests.planned('c', jsonb_build_object('c', tests.agent())));
select tests.start(tests.the('third'), 'c');
select tests.keep('rejected', tests.asks(tests.the('third'), 'c'));
select tests.leave_waiting(tests.the('third'), 'c');
select tests.decide('petra', tests.the('rejected'), 'rejected', '{"comment": "too dear"}');
select is((tests.the_call(tests.the('third'), 'c')).state, 'denied', 'a rejected call is not made');
select is((tests.the_call(tests.the('third'), 'c')).error ->> 'message', 'rejected: too dear', 'and the model is told why');
select is(tests.state(tests.the('third'), 'c'), 'ready', 'the step goes on without it');
select is(tests.run_state(tests.the('third')), 'running', 'and so does the run');
select is((select count(*) from goalpost.corrections), 1::bigint, 'a rejection is no correction');

select * from finish();
rollback;
