-- Reserved amounts of open turns may be released: the step waits, and is ready in the transaction that releases enough.
begin;
select plan(15);
select tests.world();

select tests.price();
update goalpost.workspaces set goal_budget_microusd = 4000 where id = tests.id_of('acme');
select tests.set('run', tests.working());
select tests.bare_step(tests.get('run'), k, 'running', 'agent') from unnest(array['b', 'c']) k;
select is(tests.reserve(tests.get('run'), 'a'), '{"number": 1}', 'a first call has room');
select is(tests.reserve(tests.get('run'), 'b') #>> '{wait,seconds}', '30', 'a second call waits while the first has reserved the rest');
select is(tests.state(tests.get('run'), 'b'), 'waiting', 'the step of the waiting call releases the lease in the transaction');
select is(tests.finish(tests.get('run'), 'b', 'waiting', '{"resume_after_seconds": 30}'), 'repeated', 'the outcome of its worker then changes nothing');
select tests.reserve(tests.get('run'), 'c');
select is((select count(*) from goalpost.approvals where run_id = tests.get('run')), 0::bigint, 'no person is asked while reservations may be released');
select is(tests.wake_count('executor'), 0::bigint, 'no wake is sent while the cap is full');
select tests.end_turn(tests.get('run'), 'a', 1, tests.answer(1, 1));
select is(tests.state(tests.get('run'), 'b') || ' ' || tests.state(tests.get('run'), 'c'), 'ready waiting', 'a settlement makes as many steps ready as have room');
select is(tests.wake_count('executor'), 1::bigint, 'the settlement sends a wake for the ready step');
select tests.start(tests.get('run'), 'b');
select is(tests.reserve(tests.get('run'), 'b'), '{"number": 1}', 'the step that waited has room');
select tests.end_turn(tests.get('run'), 'b', 1, tests.answer(1, 1));
select is(tests.state(tests.get('run'), 'c'), 'ready', 'the next settlement makes the next step ready');
select is((select count(*) from goalpost_private.budget_waiters), 0::bigint, 'no step is left in the list of waiters');

-- A raised cap has room, too.
update goalpost.workspaces set user_day_microusd = 6000 where id = tests.id_of('acme');
select tests.set('other', tests.working('petra'));
select tests.bare_step(tests.get('other'), 'b', 'running', 'agent');
update goalpost.workspaces set goal_budget_microusd = 1000000 where id = tests.id_of('acme');
select tests.set('third', tests.working('petra'));
select tests.reserve(tests.get('other'), 'a');
select tests.reserve(tests.get('third'), 'a');
select tests.reserve(tests.get('third'), 'a');
select is(tests.state(tests.get('third'), 'a'), 'waiting', 'a person''s day without room suspends a step');
select tests.speak_as('olga');
select goalpost.set_workspace_limits(tests.id_of('acme'), '{"user_day_microusd": 60000}');
select is(tests.state(tests.get('third'), 'a'), 'ready', 'raising the person''s daily cap makes the step ready');

-- Spent amounts are not released.
select tests.end_turn(tests.get('other'), 'a', 1, tests.no_end());
update goalpost.budgets set cap_microusd = spent_microusd + reserved_microusd where workspace_id = tests.id_of('acme') and scope = 'user_day';
select is(tests.reserve(tests.get('other'), 'b') -> 'wait' is not null, true, 'a call waits for a cap that reservations fill');
select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
