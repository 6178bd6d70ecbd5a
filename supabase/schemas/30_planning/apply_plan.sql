-- Returns the reason why this person may not use a runbook; null if they may.
create function goalpost_private.runbook_refusal(p_runbook goalpost.runbooks, p_user_id uuid) returns text
language sql stable
set search_path = ''
as $$
  select case
    when p_runbook.requires_project_admin
         and not exists (select from goalpost.project_admins a where a.user_id = p_user_id)
      then format('the runbook %s looks at the whole project and needs a project admin; ask one to add you to goalpost.project_admins',
                  p_runbook.name)
  end
$$;

-- Applies a plan: accepts it whole, in this transaction, or refuses it with its problems. If a person has to approve it
-- first, or the requester to give a parameter of its runbook, the step waits with the plan as the subject: running ->
-- waiting.
create function goalpost_private.apply_plan(
  p_step goalpost.steps, p_result jsonb, p_now timestamptz, out message text, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_checked record;
  v_missing jsonb;
  v_estimate jsonb;
  v_options jsonb;
begin
  select * into v_run from goalpost.workflow_runs where id = p_step.run_id;
  functions := '{}';
  if jsonb_typeof(p_result -> 'runbook_id') = 'number' then
    v_checked := goalpost_private.check_planned(v_run, p_result);
    message := v_checked.message;
    if message is not null then
      return;
    end if;
    v_missing := goalpost_private.missing_parameters(
      v_checked.runbook, goalpost_private.parameters_for(v_run, v_checked.runbook, p_result -> 'parameters'));
    if v_missing is not null then
      perform goalpost_private.ask_for_parameters(p_step, v_checked.runbook, v_missing, p_result, p_now);
      return;
    end if;
  end if;
  v_estimate := goalpost_private.estimate_plan(v_run, p_result);
  v_options := goalpost_private.plan_approval_options(v_run, v_estimate);
  if v_options is null then
    select e.message, e.functions into message, functions
      from goalpost_private.activate_plan(p_step, p_result, v_estimate, p_now) e;
    return;
  end if;
  message := (goalpost_private.check_planned(v_run, p_result)).message;
  if message is not null then
    return;
  end if;
  update goalpost.steps
     set state = 'waiting', lease_expires_at = null, run_after = null, started_at = null
   where run_id = p_step.run_id and key = p_step.key;
  perform goalpost_private.ask_person(
    p_step, 'plan', null, format('May this plan be carried out? %s', left(p_result -> 'plan' ->> 'summary', 3000)),
    jsonb_build_object('plan', p_result -> 'plan', 'estimate', v_estimate), p_now,
    v_options || jsonb_build_object('subject', p_result));
end
$$;

-- Checks if a planner's result can be activated: its plan breaks no rule, and the requester may use its runbook.
create function goalpost_private.check_planned(
  p_run goalpost.workflow_runs, p_result jsonb, out runbook goalpost.runbooks, out message text
)
language plpgsql stable
set search_path = ''
as $$
declare
  v_problems constant jsonb := goalpost_private.check_plan_of_run(p_result -> 'plan', p_run);
begin
  if v_problems <> '[]' then
    message := left(v_problems::text, 16000);
    return;
  end if;
  if jsonb_typeof(p_result -> 'runbook_id') = 'number' then
    select * into runbook from goalpost.runbooks b
     where b.id = (p_result ->> 'runbook_id')::numeric
       and (b.workspace_id is null or b.workspace_id = p_run.workspace_id);
    message := case when runbook.id is null then 'there is no such runbook'
                    else goalpost_private.runbook_refusal(runbook, p_run.user_id) end;
  end if;
end
$$;

-- Activates a plan: inserts its steps, the judge that depends on all final steps, the criteria (from the first plan; a
-- later one binds them to its own steps), and the revision with its estimated cost. running | waiting -> completed.
-- Checks the plan once more, because an agent may have been removed, or a person may have edited the plan, since it was
-- made.
create function goalpost_private.activate_plan(
  p_step goalpost.steps, p_result jsonb, p_estimate jsonb, p_now timestamptz, out message text, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_checked record;
  v_runbook goalpost.runbooks;
  v_plan constant jsonb := p_result -> 'plan';
begin
  functions := '{}';
  select * into v_run from goalpost.workflow_runs where id = p_step.run_id;
  v_checked := goalpost_private.check_planned(v_run, p_result);
  message := v_checked.message;
  if message is not null then
    return;
  end if;
  v_runbook := v_checked.runbook;

  update goalpost.workflow_runs
     set revision = revision + 1, runbook_id = v_runbook.id,
         report = case jsonb_typeof(v_plan -> 'report') when 'object' then v_plan -> 'report' end,
         parameters = case when v_runbook.id is not null
                           then parameters || goalpost_private.parameters_for(v_run, v_runbook, p_result -> 'parameters')
                           else parameters end
   where id = v_run.id
  returning * into v_run;
  insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan, runbook_id, reasons, estimate, created_at)
  values (v_run.id, v_run.revision, v_run.workspace_id, v_plan, v_runbook.id,
          coalesce(p_result -> 'reasons', '[]'), p_estimate, p_now);
  perform goalpost_private.record_matches(v_run);
  perform goalpost_private.add_criteria(v_run, v_plan);
  if v_run.revision > 1 then
    perform goalpost_private.bind_criteria(v_run, v_plan);
  end if;
  functions := goalpost_private.add_plan_steps(
    array[v_run], v_plan, null, case v_run.revision when 1 then 'judge' else 'judge_' || v_run.revision end, p_now);

  perform goalpost_private.complete_step(
    p_step,
    jsonb_build_object('revision', v_run.revision, 'runbook', v_runbook.name, 'runbook_version', v_runbook.version,
                       'step_count', jsonb_array_length(v_plan -> 'steps'), 'summary', v_plan -> 'summary',
                       'reasons', p_result -> 'reasons', 'model', p_result -> 'model'),
    p_now);
  functions := functions || goalpost_private.open_first_steps(v_run, p_now);
end
$$;
