-- The count is kept by the row, not by whoever was last.
begin;
select plan(1);
select tests.world();

select tests.keep('run', tests.planned('a, b, c:a+b'));
select tests.start(tests.the('run'), 'a');
select tests.keep('answer', tests.finish_all(jsonb_build_array(
  tests.outcome(tests.the('run'), 'a', 'completed', '{"result": {}}'),
  tests.outcome(tests.the('run'), 'b', 'completed', '{"result": {}}')), 'tool', 5)::text);
select is(tests.keys(tests.kept('answer')::jsonb -> 'claimed'), 'c', 'c is opened, and handed back');

select * from finish();
rollback;
