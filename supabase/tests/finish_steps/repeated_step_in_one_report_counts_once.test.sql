-- One report may name a step twice: one attempt, one event, and the first result count.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select tests.set('answer', tests.finish_all(jsonb_build_array(
  tests.outcome(tests.get('run'), 'a', 'completed', '{"result": "first"}'),
  tests.outcome(tests.get('run'), 'a', 'completed', '{"result": "second"}')), 'tool', 0)::text);
select is(tests.kept('answer')::jsonb #>> '{outcomes,0,verdict}', 'accepted', 'the first outcome of a step is accepted');
select is(tests.kept('answer')::jsonb #>> '{outcomes,1,verdict}', 'repeated', 'the second outcome of the step is repeated');
select is((tests.step(tests.get('run'), 'a')).result, '"first"', 'the result of the second outcome is ignored');
select is((select count(*) from goalpost.events e where e.run_id = tests.get('run') and e.step_key = 'a' and e.type = 'step.completed'), 1::bigint, 'the completion is one event');

select * from finish();
rollback;
