-- Returns the seconds to wait before the next attempt: doubling from 2 s with each failure, at most 5 minutes, with
-- jitter (a factor of 0.5 to 1).
create function goalpost_private.retry_delay_seconds(p_failures integer) returns double precision
language sql volatile
set search_path = ''
as $$
  select least(2 * power(2, least(greatest(p_failures, 1), 20) - 1), 300) * (0.5 + random() / 2)
$$;

-- Fails an attempt of a step. If the error is retryable and attempts are left: -> ready, later, with the next attempt
-- number. Otherwise -> failed, and the run continues (on_failure), is planned again (plan_again.sql), or fails with a
-- dead letter for a person.
-- p_outcome: 'failed' (reported by the worker), 'lost' (its lease ran out), 'timed_out'. The last two raise the epoch,
-- so that the former worker is refused from then on.
create function goalpost_private.fail_step(
  p_step goalpost.steps, p_error jsonb, p_outcome text, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_epoch bigint := p_step.lease_epoch + case when p_outcome = 'failed' then 0 else 1 end;
  v_failures integer;
  v_delay_seconds double precision;
  v_functions text[];
begin
  if p_step.state = 'running' then
    insert into goalpost.step_attempts
      (run_id, step_key, attempt, workspace_id, outcome, worker, started_at, ended_at, error)
    values
      (p_step.run_id, p_step.key, p_step.attempt, p_step.workspace_id, p_outcome, p_step.leased_by,
       p_step.started_at, p_now, p_error);
  end if;

  if (p_error ->> 'retryable')::boolean and p_step.attempt < p_step.max_attempts then
    -- Attempts that were lost with their workers are no evidence against the step, and do not lengthen its waits.
    select count(*) into v_failures from goalpost.step_attempts a
     where a.run_id = p_step.run_id and a.step_key = p_step.key and a.outcome <> 'lost';
    v_delay_seconds := case
      when p_outcome = 'lost' then 0
      -- least() ignores nulls: the default has to come first.
      else greatest(least(coalesce((p_error ->> 'retry_after_seconds')::double precision,
                                   goalpost_private.retry_delay_seconds(v_failures)), 86400), 0)
    end;
    update goalpost.steps
       set state = 'ready', attempt = attempt + 1, lease_epoch = v_epoch, lease_expires_at = null,
           -- A step whose worker died keeps its place in the order: behind younger work it would wait a second time.
           run_after = case when p_outcome = 'lost' then least(coalesce(run_after, started_at), p_now)
                            else p_now + make_interval(secs => v_delay_seconds) end,
           started_at = null, error = p_error
     where run_id = p_step.run_id and key = p_step.key;
    perform goalpost_private.append_event(p_step.run_id, p_step.key, 'step.retried', p_error, p_now);
    return case when v_delay_seconds = 0 then array[goalpost_private.function_of(p_step.kind)] else '{}' end;
  end if;

  update goalpost.steps
     set state = 'failed', error = p_error, lease_epoch = v_epoch, lease_expires_at = null, run_after = null,
         ended_at = p_now
   where run_id = p_step.run_id and key = p_step.key;
  perform goalpost_private.append_event(p_step.run_id, p_step.key, 'step.failed', p_error, p_now);
  -- Approvals that the step opened have no effect any more.
  update goalpost.approvals set state = 'cancelled', decided_at = p_now
   where run_id = p_step.run_id and step_key = p_step.key and state = 'pending';
  perform goalpost_private.close_calls(p_step.run_id, p_step.key, p_now);
  if p_outcome = 'failed' and (p_step.on_failure = 'fail' or p_step.ends_run) then
    v_functions := goalpost_private.plan_around_failure(p_step, p_error, p_now);
    if v_functions is not null then
      return v_functions;
    end if;
  end if;
  if goalpost_private.function_of(p_step.kind) is not null then
    insert into goalpost.dead_letters (workspace_id, run_id, step_key, attempt, error, created_at)
    values (p_step.workspace_id, p_step.run_id, p_step.key, p_step.attempt, p_error, p_now);
  end if;

  if p_step.on_failure = 'continue' and not p_step.ends_run then
    return goalpost_private.release_dependents(p_step.run_id, p_step.key, p_now);
  end if;
  return goalpost_private.fail_run_after_report(
    p_step.run_id,
    case p_error ->> 'code' when 'budget_exhausted' then 'budget_exhausted: ' || (p_error ->> 'message')
      else format('step %s failed: %s', p_step.key, p_error ->> 'message') end,
    p_error ->> 'code', p_now);
end
$$;
