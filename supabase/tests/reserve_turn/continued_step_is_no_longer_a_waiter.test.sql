-- A step that waited for money and was continued by its timer is no waiter any more, and does not block others.
begin;
select plan(4);
select tests.world();

select tests.price();
update goalpost.workspaces set goal_budget_microusd = 4000 where id = tests.id_of('acme');
select tests.set('run', tests.working());
select tests.bare_step(tests.get('run'), k, 'running', 'agent') from unnest(array['b', 'c']) k;
select tests.reserve(tests.get('run'), k) from unnest(array['a', 'b', 'c']) k;
select tests.advance_clock('31 seconds');
update goalpost.steps set lease_expires_at = goalpost_private.clock() + interval '30 seconds' where run_id = tests.get('run') and key = 'a';
select goalpost_worker.sweep();
select is(tests.state(tests.get('run'), 'b') || ' ' || tests.state(tests.get('run'), 'c'), 'ready ready', 'the sweep continues steps that waited half a minute');
select tests.start(tests.get('run'), 'b');
select tests.end_turn(tests.get('run'), 'a', 1, tests.answer(1, 1));
select is((select count(*) from goalpost_private.budget_waiters), 0::bigint, 'a settlement deletes waiters that went on');
select is(tests.state(tests.get('run'), 'b'), 'running', 'a running step is left unchanged by the settlement');
select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
