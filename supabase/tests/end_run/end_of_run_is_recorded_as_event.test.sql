begin;
select plan(2);
select tests.world();

create function pg_temp.ended(p_state text, p_reason text) returns jsonb language plpgsql as $$
declare
  v_run_id bigint := tests.bare_run();
begin
  perform goalpost_private.end_run(v_run_id, p_state, p_reason, null, null, goalpost_private.clock());
  return (select jsonb_build_object('type', e.type, 'data', e.data) from goalpost.events e where e.run_id = v_run_id);
end
$$;
select is(pg_temp.ended('cancelled', 'by a person'), '{"type": "run.cancelled", "data": {"reason": "by a person"}}', 'the event of an end has its reason');
select is(pg_temp.ended('completed', null), '{"type": "run.completed", "data": null}', 'the event of an end without a reason has no data');

select * from finish();
rollback;
