-- However much is overdue, one sweep takes a part of it, and the next ones the rest.
begin;
select plan(4);
select tests.world();

update goalpost.workspaces set max_open_requests = 1000 where id = tests.id_of('acme');
select tests.bare_step(r.run_id, 'w', 'waiting', p_more => '{"run_after": "2030-01-01 11:00:00+00"}')
  from (select tests.bare_run() as run_id from generate_series(1, 250)) r;
select is((goalpost_worker.sweep()) ->> 'timers_fired', '100', 'a hundred');
select is((goalpost_worker.sweep()) ->> 'timers_fired', '100', 'another hundred');
select is((goalpost_worker.sweep()) ->> 'timers_fired', '50', 'the rest');
select is((goalpost_worker.sweep()) ->> 'timers_fired', '0', 'and no more');

select * from finish();
rollback;
