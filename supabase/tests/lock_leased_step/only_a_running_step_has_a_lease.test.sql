-- The epoch of a step stays when it ends, waits or is released: the lease is over all the same.
begin;
select plan(5);
select tests.world();

create function pg_temp.held(p_state text, p_epoch bigint default 4) returns text language plpgsql as $$
declare
  v_run_id bigint := tests.bare_run();
begin
  perform tests.bare_step(v_run_id, 'a', p_state, 'tool', '{"lease_epoch": 4}');
  return tests.refusal(format('select goalpost_private.lock_leased_step(%s, %L, %s)', v_run_id, 'a', p_epoch));
end $$;
select is(pg_temp.held('running'), 'none', 'a running step is locked under its epoch');
select is(pg_temp.held('running', 3), 'ZG009', 'a running step is not locked under an earlier epoch');
select is(pg_temp.held('completed'), 'ZG009', 'a completed step is not locked under its last epoch');
select is(pg_temp.held('waiting'), 'ZG009', 'a waiting step is not locked under its last epoch');
select is(pg_temp.held('ready'), 'ZG009', 'a released step is not locked under its last epoch');

select * from finish();
rollback;
