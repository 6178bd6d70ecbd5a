-- Opens a goal and its run, with planning ready. p_parent is the waiting sub-goal step, or null at the root.
create function goalpost_private.open_goal(
  p_run goalpost.workflow_runs, p_parent goalpost.steps, p_goal jsonb, p_context jsonb, p_now timestamptz
) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_goal_id bigint := nextval('goalpost.goals_id_seq');
  v_parent_goal goalpost.goals;
  v_run goalpost.workflow_runs;
begin
  if p_parent.run_id is not null then
    select * into v_parent_goal from goalpost.goals where id = p_run.goal_id;
  end if;

  insert into goalpost.goals
    (id, workspace_id, user_id, request_id, parent_goal_id, root_goal_id, parent_run_id, parent_step_key, depth,
     title, description, goal_type, context, created_at)
  values
    (v_goal_id, p_run.workspace_id, p_run.user_id, p_run.request_id, v_parent_goal.id,
     coalesce(v_parent_goal.root_goal_id, v_goal_id), p_parent.run_id, p_parent.key,
     coalesce(v_parent_goal.depth + 1, 0),
     left(p_goal ->> 'title', 300), left(p_goal ->> 'description', 16000),
     left(coalesce(nullif(p_goal ->> 'goal_type', ''), 'general'), 100), p_context, p_now);

  insert into goalpost.workflow_runs
    (workspace_id, user_id, workflow_type, request_id, goal_id, parent_goal_id, root_run_id, priority,
     deadline_at, created_at)
  values
    (p_run.workspace_id, p_run.user_id, 'goal', p_run.request_id, v_goal_id, v_parent_goal.id, p_run.root_run_id,
     p_run.priority, p_run.deadline_at, p_now)
  returning * into v_run;
  perform goalpost_private.add_own_step(v_run, 'plan', 'plan', 'Plan the goal', '{}');
  perform goalpost_private.append_event(v_run.id, null, 'goal.opened', null, p_now);
  perform goalpost_private.ready_steps(v_run.id, array['plan'], p_now);
  return v_goal_id;
end
$$;

-- Opens a sub-goal's step: pending -> waiting, with a new goal, or with the goal that was cancelled with the run and is
-- reopened with it; over the caps the step fails. Returns the functions to wake.
create function goalpost_private.open_subgoal(p_step goalpost.steps, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_depth integer;
  v_limits goalpost_private.limits := (select l from goalpost_private.limits l);
  v_functions text[];
  v_names jsonb;
begin
  update goalpost.steps set state = 'waiting' where run_id = p_step.run_id and key = p_step.key;
  p_step.state := 'waiting';
  v_functions := goalpost_private.reopen_subgoal(p_step, p_now);
  if v_functions is not null then
    return v_functions;
  end if;
  select * into v_run from goalpost.workflow_runs where id = p_step.run_id;
  select g.depth into v_depth from goalpost.goals g where g.id = v_run.goal_id;

  if v_run.goal_id is null
     or v_depth + 1 > v_limits.max_goal_depth
     or (select count(*) from goalpost.goals g
          where g.workspace_id = v_run.workspace_id and g.request_id = v_run.request_id) >= v_limits.max_goals_per_request
  then
    return goalpost_private.fail_step(
      p_step,
      jsonb_build_object('code', 'too_many_goals', 'retryable', false, 'message', format(
        'sub-goals go at most %s deep, and one request has at most %s goals',
        v_limits.max_goal_depth, v_limits.max_goals_per_request)),
      'failed', p_now);
  end if;

  v_names := goalpost_private.names_for(p_step);
  perform goalpost_private.open_goal(
    v_run, p_step, p_step.input || jsonb_build_object(
      'title', goalpost_private.fill_in(p_step.input ->> 'title', v_names),
      'description', goalpost_private.fill_in(p_step.input ->> 'description', v_names)),
    goalpost_private.dependency_results(p_step.run_id, p_step.depends_on), p_now);
  return array['planner'];
end
$$;
