-- A batch is not allowed to release dependents twice.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a+b'));
select tests.start(tests.get('run'), 'a');
select tests.set('answer', tests.finish_all(jsonb_build_array(
  tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}'),
  tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')))::text);

select is(tests.kept('answer')::jsonb #>> '{outcomes,0,verdict}', 'accepted', 'the first');
select is(tests.kept('answer')::jsonb #>> '{outcomes,1,verdict}', 'repeated', 'the second');
select is(tests.state(tests.get('run'), 'c'), 'pending', 'c still waits for b');

select * from finish();
rollback;
