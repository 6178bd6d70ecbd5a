-- Steps that wait for room in a cap are ready when there is some, in their order and a hundred at a time. A step that
-- has gone on, or waits for people now, is removed from the waiters.
begin;
select plan(11);
select tests.world();

select tests.set('run', tests.bare_run());
select goalpost_private.open_budgets(tests.get('run'), goalpost_private.clock());
create function pg_temp.waiter(p_key text, p_state text, p_run_after timestamptz, p_microusd bigint default 10, p_run text default 'run') returns void language sql as $$
  select tests.bare_step(tests.get(p_run), p_key, p_state, 'agent');
  update goalpost.steps set run_after = p_run_after where run_id = tests.get(p_run) and key = p_key;
  insert into goalpost_private.budget_waiters (run_id, step_key, workspace_id, needs_microusd, needs_tokens, since)
  values (tests.get(p_run), p_key, tests.id_of('acme'), p_microusd, 10, goalpost_private.clock() + interval '1 second' * (select count(*) from goalpost_private.budget_waiters)) $$;
create function pg_temp.room(p_microusd bigint) returns void language sql as $$
  update goalpost.budgets set cap_microusd = spent_microusd + reserved_microusd + p_microusd where workspace_id = tests.id_of('acme') and scope = 'run' $$;
create function pg_temp.waiting() returns text language sql as $$ select coalesce(string_agg(w.step_key, ' ' order by w.since), '') from goalpost_private.budget_waiters w $$;
create function pg_temp.wake() returns void language sql as $$ select goalpost_private.wake_budget_waiters(tests.id_of('acme'), goalpost_private.clock()) $$;

select pg_temp.waiter('a', 'waiting', '2030-01-01 12:00:30+00');
select pg_temp.waiter('b', 'waiting', '2030-01-01 12:00:30+00');
select pg_temp.waiter('gone', 'completed', null);
select pg_temp.waiter('asks', 'waiting', null);
select pg_temp.room(0);
select pg_temp.wake();
select is(pg_temp.waiting(), 'a b', 'without room only steps that wait for it stay waiters');
select is((select string_agg(s.key || '=' || s.state, ' ' order by s.key) from goalpost.steps s where s.run_id = tests.get('run')), 'a=waiting asks=waiting b=waiting gone=completed', 'a wake without room changes no step');
select pg_temp.waiter('asks2', 'waiting', null);
select pg_temp.room(10);
select pg_temp.wake();
select is((select string_agg(s.key || '=' || s.state, ' ' order by s.key) from goalpost.steps s where s.run_id = tests.get('run')),
          'a=ready asks=waiting asks2=waiting b=waiting gone=completed', 'room for one makes the first waiter ready, and no other step');
select is(pg_temp.waiting(), 'b', 'the second waiter keeps waiting');
select is(tests.wake_count('executor'), 1::bigint, 'one wake is sent to the function of the ready step');
delete from goalpost.wakes;
select pg_temp.room(9);
select pg_temp.wake();
select is(tests.wake_count('executor'), 0::bigint, 'no wake is sent where no step becomes ready');
select goalpost_private.wake_budget_waiters(tests.id_of('elsewhere'), goalpost_private.clock());
select is(pg_temp.waiting(), 'b', 'room of another workspace does not matter');

select pg_temp.room(1000000);
select pg_temp.waiter('s' || lpad(n::text, 3, '0'), 'waiting', '2030-01-01 12:00:30+00') from generate_series(1, 100) n;
select pg_temp.wake();
select is(pg_temp.waiting(), 's100', 'of 101 waiters a hundred become ready at once');
select pg_temp.wake();
select is(pg_temp.waiting(), '', 'the last waiter becomes ready with the next wake');
select is((select count(*) from goalpost.steps s where s.run_id = tests.get('run') and s.key like 's%' and s.state = 'ready'), 100::bigint, 'all hundred steps are ready');

-- Another run has steps of the same keys, which need more than there is.
select tests.set('other', tests.bare_run());
select goalpost_private.open_budgets(tests.get('other'), goalpost_private.clock());
select pg_temp.waiter('z', 'waiting', '2030-01-01 12:00:30+00', 10, 'run');
select pg_temp.waiter('z', 'waiting', '2030-01-01 12:00:30+00', 1000000000000, 'other');
select pg_temp.wake();
select is((select string_agg(case w.run_id when tests.get('other') then 'other' else 'run' end, ' ') from goalpost_private.budget_waiters w), 'other',
          'the same key in another run keeps waiting');

select * from finish();
rollback;
