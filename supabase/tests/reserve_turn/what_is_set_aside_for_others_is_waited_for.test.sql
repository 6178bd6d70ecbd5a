-- Room that questions under way have set aside comes back: the step comes again. Money that is spent does not.
begin;
select plan(4);
select tests.world();

select tests.price();
update goalpost.workspaces set goal_budget_microusd = 4000 where id = tests.id_of('acme');
select tests.keep('run', tests.working());
select is(tests.reserve(tests.the('run'), 'a'), '{"number": 1}', 'a first has room');
select ok((tests.reserve(tests.the('run'), 'a') #>> '{wait,seconds}')::integer between 2 and 5, 'a second waits for it to end');
select tests.settle(tests.the('run'), 'a', 1, 'answered', 1, 1);
select is(tests.reserve(tests.the('run'), 'a'), '{"number": 2}', 'and has room then');
select tests.settle(tests.the('run'), 'a', 2, 'unknown');
select is(tests.reserve(tests.the('run'), 'a') #>> '{refused,code}', 'budget_exhausted', 'what is spent stays spent');

select * from finish();
rollback;
