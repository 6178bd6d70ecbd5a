-- Any text that a model writes gets a list of problems.
begin;
select plan(3);
select tests.world();

select is(tests.problems('{"steps": [1, "a", null, [], {}]}'), 'bad_key unknown_kind', 'steps that are no objects are problems');
select is(tests.problems(null), 'empty_plan', 'a plan that is null is empty');
select is(tests.problems('{"steps": [{"key": "a", "kind": "tool", "input": "sql", "depends_on": {"b": 1}, "condition": []}]}'),
  'bad_condition missing_input unknown_dependency', 'a step whose fields have wrong types has three problems');

select * from finish();
rollback;
