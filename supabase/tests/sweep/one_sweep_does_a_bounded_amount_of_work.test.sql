-- One round of the sweep handles a bounded part of overdue work and returns that there is more.
begin;
select plan(7);
select tests.world();

update goalpost.workspaces set max_open_requests = 1000 where id = tests.id_of('acme');
select tests.bare_step(r.run_id, 'w', 'waiting', p_more => '{"run_after": "2030-01-01 11:00:00+00"}')
  from (select tests.bare_run() as run_id from generate_series(1, 250)) r;
create function pg_temp.swept() returns text language sql as $$
  select concat_ws(' ', r ->> 'timers_fired', r ->> 'more') from goalpost_worker.sweep() r $$;
select is(pg_temp.swept(), '100 true', 'the first round fires a hundred timers and asks for another round');
select is(pg_temp.swept(), '100 true', 'the second round fires another hundred');
select is(pg_temp.swept(), '50 false', 'the third fires the rest and asks for no other');
select is(pg_temp.swept(), '0 false', 'a round that finds nothing asks for no other');

-- A row that raises stays overdue: it asks for no other round once nothing else changes.
create function pg_temp.raise_fault() returns trigger language plpgsql as $$ begin raise 'a fault of this row'; end $$;
create trigger fault before insert on goalpost.events for each row execute function pg_temp.raise_fault();
select tests.bare_step(r.run_id, 'l', 'running', p_more => '{"lease_expires_at": "2030-01-01 11:00:00+00"}')
  from (select tests.bare_run() as run_id from generate_series(1, 100)) r;
set client_min_messages = error;
select is(goalpost_worker.sweep() -> 'more', 'false', 'a round in which every row raises is the last one');
drop trigger fault on goalpost.events;
select is(goalpost_worker.sweep() ->> 'leases_expired', '100', 'the rows are found when the fault is gone');

-- Far more appended rows than one round folds.
insert into goalpost.unfolded_statistics (workspace_id, day, runbook_id, uses)
select tests.id_of('acme'), '2030-01-01', (select min(id) from goalpost.runbooks), 1 from generate_series(1, 5001);
select is(goalpost_worker.sweep() -> 'more', 'true', 'a round that leaves statistics to be folded asks for another');

select * from finish();
rollback;
