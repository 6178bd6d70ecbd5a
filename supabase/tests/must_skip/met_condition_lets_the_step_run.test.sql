-- The result must contain the condition (jsonb @>): the rest of the result does not matter.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('a, b:a', '{"b": {"condition": {"a": {"kind": {"deep": 1}}}}}'));
select tests.do_complete(tests.get('run'), 'a', '{"kind": {"deep": 1, "other": 2}, "more": true}');
select is(tests.state(tests.get('run'), 'b'), 'ready', 'a step whose condition is contained in the result is ready');

select * from finish();
rollback;
