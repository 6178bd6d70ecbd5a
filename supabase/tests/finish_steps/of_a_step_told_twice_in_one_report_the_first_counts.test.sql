-- One report may name a step twice, by a bug or by malice: one attempt, one event, and the first result.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select tests.set('told', tests.finish_all(jsonb_build_array(
  tests.outcome(tests.get('run'), 'a', 'completed', '{"result": "first"}'),
  tests.outcome(tests.get('run'), 'a', 'completed', '{"result": "second"}')), 'tool', 0)::text);
select is(tests.kept('told')::jsonb #>> '{outcomes,0,verdict}', 'accepted', 'the first counts');
select is(tests.kept('told')::jsonb #>> '{outcomes,1,verdict}', 'repeated', 'the second is a repeat');
select is((tests.step(tests.get('run'), 'a')).result, '"first"', 'whose result is not looked at');
select is((select count(*) from goalpost.events e where e.run_id = tests.get('run') and e.step_key = 'a' and e.type = 'step.completed'), 1::bigint, 'and it is told once');

select * from finish();
rollback;
