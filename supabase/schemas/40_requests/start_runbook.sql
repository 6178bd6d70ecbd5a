-- Finds the runbook of a name that a person may start in a workspace: the active version, the workspace's own before a
-- built-in one, and otherwise the newest candidate, or draft of this person. `problem` is the reason if there is none to
-- start.
create function goalpost_private.find_runbook(
  p_workspace_id uuid, p_user_id uuid, p_name text, out runbook goalpost.runbooks, out problem text
)
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_problems jsonb;
begin
  select b.* into runbook from goalpost.runbooks b
   where b.name = p_name and (b.workspace_id is null or b.workspace_id = p_workspace_id)
     and (b.state in ('active', 'candidate') or (b.state = 'draft' and b.created_by = p_user_id))
   order by b.state = 'active' desc, b.workspace_id nulls last, b.version desc
   limit 1;
  if runbook.id is null then
    problem := format('there is no runbook called %s here; goalpost.runbooks has those there are', p_name);
    return;
  end if;
  problem := goalpost_private.runbook_refusal(runbook, p_user_id);
  if problem is not null or runbook.is_sound then
    return;
  end if;

  v_run.workspace_id := runbook.workspace_id;
  v_problems := goalpost_private.check_plan_of_run(runbook.plan, v_run);
  if v_problems <> '[]' then
    problem := left(format('the runbook %s breaks a rule of plans: %s', p_name, v_problems), 4000);
    return;
  end if;
  update goalpost.runbooks b set is_sound = true where b.id = runbook.id and b.plan = runbook.plan;
end
$$;

-- Returns the key of a plan's single final step if the plan leaves nothing to judge; null if a judge is needed.
create function goalpost_private.single_final_key(p_plan jsonb) returns text
language sql immutable
set search_path = '' set enable_hashjoin = on set enable_mergejoin = on
as $$
  select case when count(*) = 1 and bool_and(s.step ->> 'kind' in ('agent', 'tool')) then min(s.key) end
    from goalpost_private.plan_steps(p_plan) s
   where coalesce(p_plan -> 'criteria', '[]') in ('[]', 'null') and coalesce(p_plan -> 'report', 'null') = 'null'
     and not exists (select from goalpost_private.plan_steps(p_plan) o, jsonb_array_elements_text(o.depends_on) d
                      where d = s.key)
$$;

-- Returns true if a plan has first steps that add_plan_steps leaves pending, so that open_first_steps has to open them.
create function goalpost_private.needs_open_first_steps(p_plan jsonb) returns boolean
language sql immutable
set search_path = ''
as $$
  select exists (
    select from goalpost_private.plan_steps(p_plan) s
     where s.depends_on = '[]'
       and (s.step ->> 'kind' not in ('agent', 'tool') or coalesce(s.step -> 'condition', 'null') <> 'null'))
$$;

-- Starts a runbook for requests of one workspace that name it: inserts a goal, run, revision and steps for each. If the
-- plan has neither a criterion nor a report and ends in one step that functions process, the run ends with that step;
-- otherwise a judge depends on all final steps. Returns the functions to wake.
create function goalpost_private.start_runbook(
  p_runbook goalpost.runbooks, p_requests goalpost.requests[], p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_runs goalpost.workflow_runs[];
  v_run goalpost.workflow_runs;
  v_final_key constant text := goalpost_private.single_final_key(p_runbook.plan);
  v_needs_open_first_steps constant boolean := goalpost_private.needs_open_first_steps(p_runbook.plan);
  v_functions text[];
begin
  insert into goalpost.goals
    (id, workspace_id, user_id, request_id, root_goal_id, title, description, goal_type, context, created_at)
  select q.goal_id, q.workspace_id, q.user_id, q.id, q.goal_id, left(p_runbook.title, 300), q.question,
         p_runbook.goal_type, q.context, p_now
    from unnest(p_requests) q;
  with opened as (
    insert into goalpost.workflow_runs
      (id, workspace_id, user_id, workflow_type, request_id, goal_id, root_run_id, revision, runbook_id, parameters,
       report, deadline_at, created_at)
    select n.id, (n.q).workspace_id, (n.q).user_id, 'goal', (n.q).id, (n.q).goal_id, n.id, 1, p_runbook.id,
           (n.q).parameters,
           case jsonb_typeof(p_runbook.plan -> 'report') when 'object' then p_runbook.plan -> 'report' end,
           p_now + make_interval(secs => l.max_run_seconds), p_now
      from (select q, nextval('goalpost.workflow_runs_id_seq') as id from unnest(p_requests) q) n
     cross join goalpost_private.limits l
    returning *
  )
  select array_agg(o::goalpost.workflow_runs order by o.id) into v_runs from opened o;
  insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan, runbook_id, reasons, created_at)
  select r.id, 1, r.workspace_id, p_runbook.plan, p_runbook.id, '["asked for by name"]', p_now from unnest(v_runs) r;
  insert into goalpost.events (root_run_id, sequence, workspace_id, run_id, goal_id, type, created_at)
  select r.id, 1, r.workspace_id, r.id, r.goal_id, 'goal.opened', p_now from unnest(v_runs) r;

  v_functions := goalpost_private.add_plan_steps(
    v_runs, p_runbook.plan, v_final_key, case when v_final_key is null then 'judge' end, p_now);
  foreach v_run in array v_runs loop
    if v_final_key is null then
      perform goalpost_private.add_criteria(v_run, p_runbook.plan);
    end if;
    if v_needs_open_first_steps then
      v_functions := v_functions || goalpost_private.open_first_steps(v_run, p_now);
    end if;
  end loop;
  return v_functions;
end
$$;
