begin;
select plan(4);
select tests.world();

update goalpost.workspaces set max_open_requests = 1000 where id = tests.id_of('acme');
select tests.bare_step(r.run_id, 'w') from (select tests.bare_run() as run_id from generate_series(1, 101)) r;
update goalpost.workflow_runs set deadline_at = '2030-01-01 11:00:00+00' where workspace_id = tests.id_of('acme');
select is(goalpost_private.sweep() ->> 'runs_timed_out', '100', 'of 101 overdue runs a hundred end in one sweep');
select is(goalpost_private.sweep() ->> 'runs_timed_out', '1', 'the last overdue run ends in the next sweep');
select tests.bare_step(r.run_id, 'w', 'running', p_more => '{"lease_expires_at": "2030-01-01 11:00:00+00"}') from (select tests.bare_run() as run_id from generate_series(1, 101)) r;
select is(goalpost_private.sweep() ->> 'leases_expired', '100', 'of 101 lost steps a hundred are released in one sweep');
select is(goalpost_private.sweep() ->> 'leases_expired', '1', 'the last lost step is released in the next sweep');

select * from finish();
rollback;
