-- Retries the failed steps of a workspace whose runs failed for them: those with the error code p_code, if given, and
-- that failed at or after p_since, if given; the oldest first, at most p_limit (500). With p_dry_run it changes nothing.
-- Returns {"retried": [{"dead_letter_id", "run_id", "step_key", "code"}], "refused": [{"dead_letter_id", "reason"}],
-- "left": the number beyond p_limit}. A step that cannot be retried does not keep the others from it. Safe to repeat.
-- Raises ZG001, ZG002, ZG003. Locks the trees.
-- Definer: people may not write runs and steps.
create function goalpost_private.retry_dead_letters(
  p_workspace_id uuid, p_code text, p_since timestamptz, p_limit integer, p_dry_run boolean
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_letters bigint[];
  v_letter goalpost.dead_letters;
  v_found bigint[];
  v_retried jsonb := '[]';
  v_refused jsonb := '[]';
begin
  perform goalpost_private.require_role(p_workspace_id, 'member');
  if (p_limit between 1 and 500) is not true then
    perform goalpost_private.refuse('ZG003', 'at most 500 failed steps are retried at once, and at least one');
  end if;
  v_found := array(
    select d.id from goalpost.dead_letters d
     where d.workspace_id = p_workspace_id and d.retried_at is null
       and (p_code is null or d.error ->> 'code' = p_code) and (p_since is null or d.created_at >= p_since)
       and goalpost_private.is_retryable(d)
     order by d.id);
  v_letters := v_found[:p_limit];
  if not coalesce(p_dry_run, false) then
    perform goalpost_private.lock_trees(array(select d.run_id from goalpost.dead_letters d where d.id = any (v_letters)));
  end if;
  for v_letter in
    select d.* from goalpost.dead_letters d where d.id = any (v_letters) order by d.id
  loop
    -- An earlier one may have reopened this run.
    continue when not goalpost_private.is_retryable(v_letter);
    begin
      if not coalesce(p_dry_run, false) then
        perform goalpost_private.retry_dead_letter(v_letter.id);
      end if;
      v_retried := v_retried || jsonb_build_object(
        'dead_letter_id', v_letter.id, 'run_id', v_letter.run_id, 'step_key', v_letter.step_key, 'code', v_letter.error ->> 'code');
    exception
      when sqlstate 'ZG004' then
        v_refused := v_refused || jsonb_build_object('dead_letter_id', v_letter.id, 'reason', sqlerrm);
    end;
  end loop;
  return jsonb_build_object('retried', v_retried, 'refused', v_refused, 'left', cardinality(v_found) - cardinality(v_letters));
end
$$;

-- Returns true if a run failed for the step of a dead letter, and neither was retried since.
create function goalpost_private.is_retryable(p_letter goalpost.dead_letters) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return p_letter.retried_at is null and exists (
    select from goalpost.steps s join goalpost.workflow_runs r on r.id = s.run_id
     where s.run_id = p_letter.run_id and s.key = p_letter.step_key and s.state = 'failed' and r.state = 'failed'
       and (s.on_failure = 'fail' or s.ends_run));
end
$$;

create function goalpost.retry_dead_letters(
  p_workspace_id uuid, p_code text default null, p_since timestamptz default null, p_limit integer default 100,
  p_dry_run boolean default false
) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.retry_dead_letters(p_workspace_id, p_code, p_since, p_limit, p_dry_run) $$;
