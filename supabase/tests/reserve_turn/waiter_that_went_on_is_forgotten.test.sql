-- A step that waited for money and was continued by its time is no waiter any more, and holds up none behind it.
begin;
select plan(4);
select tests.world();

select tests.price();
update goalpost.workspaces set goal_budget_microusd = 4000 where id = tests.id_of('acme');
select tests.keep('run', tests.working());
select tests.bare_step(tests.the('run'), k, 'running', 'agent') from unnest(array['b', 'c']) k;
select tests.reserve(tests.the('run'), k) from unnest(array['a', 'b', 'c']) k;
select tests.pass('31 seconds');
update goalpost.steps set lease_expires_at = goalpost_private.clock() + interval '30 seconds' where run_id = tests.the('run') and key = 'a';
select goalpost_worker.sweep();
select is(tests.state(tests.the('run'), 'b') || ' ' || tests.state(tests.the('run'), 'c'), 'ready ready', 'the sweep continues steps that waited for half a minute');
select tests.start(tests.the('run'), 'b');
select tests.end_turn(tests.the('run'), 'a', 1, tests.answer(1, 1));
select is((select count(*) from goalpost_private.budget_waiters), 0::bigint, 'a settlement forgets those that went on');
select is(tests.state(tests.the('run'), 'b'), 'running', 'a step at work is left alone');
select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
