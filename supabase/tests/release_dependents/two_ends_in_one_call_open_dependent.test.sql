-- The count is kept in the row, so the order of ends does not matter.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a+b'));
select tests.start(tests.get('run'), 'a');
select tests.set('answer', tests.finish_all(jsonb_build_array(
  tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}'),
  tests.outcome(tests.get('run'), 'b', 'completed', '{"result": {}}')), 'tool', 5)::text);
select is(tests.keys(tests.kept('answer')::jsonb -> 'claimed'), 'c', 'the step that waited for both is opened and claimed');

select * from finish();
rollback;
