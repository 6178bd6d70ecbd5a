-- Four bytes count as a token: a hundred bytes fit twice into a budget of fifty-one.
begin;
select plan(2);
select tests.world();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

select tests.memory('invoice ' || n || repeat(' x', 46)) from generate_series(1, 9) n;
select is(cardinality(tests.recalled(tests.get('run'), 'a', 'invoice', '{"token_budget": 51}')), 2, 'as many memories as fit the budget are returned');
select is(cardinality(tests.recalled(tests.get('run'), 'b', 'invoice', '{"limit": 1000, "token_budget": 100000}')), 9, 'all memories are returned where all fit');

select * from finish();
rollback;
