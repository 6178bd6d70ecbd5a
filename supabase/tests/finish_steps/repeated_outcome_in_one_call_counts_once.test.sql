-- Dependents are released once per batch.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a+b'));
select tests.start(tests.get('run'), 'a');
select tests.set('answer', tests.finish_all(jsonb_build_array(
  tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}'),
  tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')))::text);

select is(tests.kept('answer')::jsonb #>> '{outcomes,0,verdict}', 'accepted', 'the first outcome of a step is accepted');
select is(tests.kept('answer')::jsonb #>> '{outcomes,1,verdict}', 'repeated', 'the second outcome of the step is repeated');
select is(tests.state(tests.get('run'), 'c'), 'pending', 'the dependent still waits for its other dependency');

select * from finish();
rollback;
