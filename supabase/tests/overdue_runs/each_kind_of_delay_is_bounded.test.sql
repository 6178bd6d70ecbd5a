-- A sweep finds at most a hundred runs of each kind of delay: leases, time-outs, timers, approvals that expire or
-- escalate, deadlines.
begin;
select plan(7);
select tests.world();
update goalpost.workspaces set max_open_requests = 1000 where id = tests.id_of('acme');

create function pg_temp.found() returns integer language sql as $$
  select cardinality((goalpost_private.overdue_runs(goalpost_private.clock())).runs) $$;
create function pg_temp.late(p_state text, p_more jsonb) returns void language plpgsql as $$
begin
  delete from goalpost.requests where workspace_id = tests.id_of('acme');
  perform tests.bare_step(r.run_id, 's', p_state, p_more => p_more) from (select tests.bare_run() as run_id from generate_series(1, 101)) r;
end
$$;
create function pg_temp.ask(p_expires_at timestamptz, p_escalates_at timestamptz) returns void language sql as $$
  insert into goalpost.approvals (workspace_id, run_id, step_key, question, shown, required_role, on_reject, requested_at, expires_at, escalates_at, escalates_to)
  select s.workspace_id, s.run_id, s.key, 'May it?', '{}', 'approver', 'fail', now(), p_expires_at, p_escalates_at, case when p_escalates_at is not null then 'owner' end
    from goalpost.steps s where s.workspace_id = tests.id_of('acme') $$;

select is(pg_temp.found(), 0, 'nothing is overdue at first');
select pg_temp.late('running', '{"lease_expires_at": "2030-01-01 11:59:00+00"}');
select is(pg_temp.found(), 100, 'of 101 expired leases a hundred runs are found');
select pg_temp.late('running', '{"started_at": "2030-01-01 11:00:00+00"}');
select is(pg_temp.found(), 100, 'of 101 time-outs a hundred runs are found');
select pg_temp.late('waiting', '{"run_after": "2030-01-01 11:00:00+00"}');
select is(pg_temp.found(), 100, 'of 101 timers a hundred runs are found');
select pg_temp.late('waiting', '{}');
select pg_temp.ask('2030-01-01 11:00:00+00', null);
select is(pg_temp.found(), 100, 'of 101 expired approvals a hundred runs are found');
select pg_temp.late('waiting', '{}');
select pg_temp.ask('2040-01-01', '2030-01-01 11:00:00+00');
select is(pg_temp.found(), 100, 'of 101 approvals to escalate a hundred runs are found');
select pg_temp.late('ready', '{}');
update goalpost.workflow_runs set deadline_at = '2030-01-01 11:00:00+00' where workspace_id = tests.id_of('acme');
select is(pg_temp.found(), 100, 'of 101 missed deadlines a hundred runs are found');

select * from finish();
rollback;
