-- The epoch of a step stays when it ends, waits or is given back by its worker: the lease is over all the same.
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
select is(pg_temp.held('running'), 'none', 'a step that runs is held under its epoch');
select is(pg_temp.held('running', 3), 'ZG009', 'a step that runs is not held under an earlier epoch');
select is(pg_temp.held('completed'), 'ZG009', 'a step that has completed is not held under the epoch of its last lease');
select is(pg_temp.held('waiting'), 'ZG009', 'a step that waits is not held under the epoch of its last lease');
select is(pg_temp.held('ready'), 'ZG009', 'a step that was given back is not held under the epoch of its last lease');

select * from finish();
rollback;
