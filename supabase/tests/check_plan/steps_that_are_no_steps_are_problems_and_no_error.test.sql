-- Whatever a model writes, there is an answer.
begin;
select plan(3);
select tests.world();

select is(tests.problems('{"steps": [1, "a", null, [], {}]}'), 'bad_key unknown_kind', 'no objects');
select is(tests.problems(null), 'empty_plan', 'nothing at all');
select is(tests.problems('{"steps": [{"key": "a", "kind": "tool", "input": "sql", "depends_on": {"b": 1}, "condition": []}]}'),
  'bad_condition missing_input unknown_dependency', 'nothing as it should be');

select * from finish();
rollback;
