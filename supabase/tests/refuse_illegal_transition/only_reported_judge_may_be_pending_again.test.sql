-- A judge that has reported may become pending again. A judge that ended otherwise, or another kind of step, may not.
begin;
select plan(5);
select tests.world();

create function pg_temp.pending_again(p_state text, p_kind text default 'judge') returns text language plpgsql as $$
declare
  v_run_id bigint := tests.bare_run();
begin
  perform tests.bare_step(v_run_id, 'z', p_state, p_kind);
  return tests.refusal(format(
    'update goalpost.steps set state = %L, ended_at = null, result = null, lease_expires_at = null where run_id = %s', 'pending', v_run_id));
end $$;
select is(pg_temp.pending_again('completed'), 'none', 'a judge that has reported may become pending again');
select is(pg_temp.pending_again('failed'), 'ZG004', 'a judge that has failed may not become pending');
select is(pg_temp.pending_again('skipped'), 'ZG004', 'a judge that was skipped may not become pending');
select is(pg_temp.pending_again('running'), 'ZG004', 'a judge that is running may not become pending');
select is(pg_temp.pending_again('completed', 'tool'), 'ZG004', 'a completed step of another kind may not become pending');

select * from finish();
rollback;
