-- Reads the report of the last p_days days of a workspace for a step that is a call of period_report, as the person who
-- asked for the work: rows that this person may not see are not counted. Called by the executor. Safe to repeat: it only
-- reads. Returns the report (read_period_report), {"waits_for": "renewal"}, or {"refused", "message"} if the person may
-- not read any more. Raises ZG003 (no such call, or a period out of bounds), ZG009 (lease lost).
create function goalpost_worker.read_period(p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_days integer) returns jsonb
language plpgsql security definer
set search_path = '' set statement_timeout = '6s' set work_mem = '8MB'
as $$
declare
  v_step constant goalpost.steps := goalpost_private.leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_run constant goalpost.workflow_runs := (select r from goalpost.workflow_runs r where r.id = p_run_id);
  v_now constant timestamptz := goalpost_private.clock();
  v_asker record;
  v_read record;
begin
  if v_step.kind <> 'tool' or v_step.input ->> 'tool' is distinct from 'period_report' then
    perform goalpost_private.refuse('ZG003', 'this step is no call of period_report');
  elsif (p_days between 1 and 366) is not true then
    perform goalpost_private.refuse('ZG003', 'a period has 1 to 366 days');
  end if;
  v_asker := goalpost_private.claims_of_asker(v_run);
  if v_asker.problem is not null then
    return jsonb_build_object('refused', 'ZG002', 'message', v_asker.problem);
  elsif v_asker.is_expired then
    return goalpost_private.ask_for_renewal(v_step, v_run);
  end if;
  v_read := goalpost_private.run_query_as_asker(
    goalpost_private.asker_settings(v_asker.claims, '{}', 'GET', goalpost_private.time_zone_of(v_run.workspace_id)),
    format('select pg_catalog.to_json(goalpost.read_period_report(%L, %L, %L)) as row',
           v_run.workspace_id, v_now - make_interval(days => p_days), v_now),
    1, 262144);
  perform pg_advisory_unlock_all();
  if v_read.is_truncated then
    return '{"refused": "ZG008", "message": "the report of this period is too large for the result of a step; use a shorter one"}';
  end if;
  return v_read.found_rows[1]::jsonb;
end
$$;
