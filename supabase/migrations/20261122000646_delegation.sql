-- Delegation: a call of the tool `delegate` is a step of the same run, or a sub-goal, that works for the call.
-- The step that asked waits without a lease; the end of the other is the call's result.

-- The step that a call of `delegate` stands for: its key says whose it is, and there is one per call.
create function goalpost_private.delegated_key(p_step_key text, p_call_number integer) returns text
language sql immutable
set search_path = ''
as $$ select left(p_step_key, 48) || '_call_' || p_call_number $$;

-- Carries out a call of `delegate`: adds the step (agent's or sub-goal) and lets the call wait for it. A delegated step
-- that fails fails the call, and the run goes on: its agent is told. Called by carry_out_call, under the tree's lock,
-- for a call that may be made. Over the caps, or for an agent that there is not, the call fails at once.
create function goalpost_private.carry_out_delegate(
  p_step goalpost.steps, p_call goalpost.tool_calls, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs := (select r from goalpost.workflow_runs r where r.id = p_step.run_id);
  v_limits goalpost_private.limits := (select l from goalpost_private.limits l);
  v_key constant text := goalpost_private.delegated_key(p_step.key, p_call.number);
  v_is_goal constant boolean := p_call.arguments ->> 'as' = 'goal';
  v_agent_name constant text := nullif(p_call.arguments ->> 'agent', '');
  v_agent_id bigint := p_step.agent_id;
  v_problem jsonb;
begin
  if v_agent_name is not null then
    select a.id into v_agent_id from goalpost_private.agents_of(p_step.workspace_id) a where a.name = v_agent_name;
  end if;
  if v_agent_id is null and not v_is_goal then
    v_problem := jsonb_build_object('code', 'unknown_agent', 'message', format('there is no agent %s', v_agent_name));
  elsif (select count(*) from goalpost.steps s where s.run_id = p_step.run_id) >= v_limits.max_steps then
    v_problem := jsonb_build_object('code', 'too_many_steps', 'message',
      format('a run has at most %s steps; do the rest yourself', v_limits.max_steps));
  end if;
  if v_problem is not null then
    update goalpost.tool_calls
       set state = 'failed', error = v_problem, ended_at = p_now
     where run_id = p_call.run_id and step_key = p_call.step_key and number = p_call.number;
    return;
  end if;

  update goalpost.tool_calls
     set state = 'waiting', works_in_step = v_key, started_at = p_now
   where run_id = p_call.run_id and step_key = p_call.step_key and number = p_call.number;
  insert into goalpost.steps
    (run_id, key, workspace_id, kind, title, revision, agent_id, input, on_failure, priority, dependents)
  values
    (p_step.run_id, v_key, p_step.workspace_id, case when v_is_goal then 'subgoal' else 'agent' end,
     left(p_call.arguments ->> 'title', 300), v_run.revision, case when not v_is_goal then v_agent_id end,
     case when v_is_goal
          then jsonb_build_object('title', left(p_call.arguments ->> 'title', 300),
                                  'description', p_call.arguments ->> 'instructions')
          else jsonb_strip_nulls(jsonb_build_object('instructions', p_call.arguments ->> 'instructions',
                                                    'output_schema', p_call.arguments -> 'expected')) end,
     'continue', p_step.priority, array[p_step.key]);
  perform goalpost_private.append_event(
    p_step.run_id, p_step.key, 'step.delegated', jsonb_build_object('step_key', v_key), p_now);
  perform goalpost_private.ring(goalpost_private.ready_steps(p_step.run_id, array[v_key], p_now), '[]', p_now);
end
$$;

-- Tells steps of what they delegated: the calls for which these steps worked are done or failed. A step that waits for
-- nothing more is ready: waiting -> ready. Called by open_dependents. Returns the functions to wake.
create function goalpost_private.answer_delegators(
  p_ended goalpost.steps[], p_delegators goalpost.steps[], p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_step goalpost.steps;
  v_functions text[] := '{}';
begin
  update goalpost.tool_calls c
     set state = case s.state when 'completed' then 'done' else 'failed' end,
         result = case s.state when 'completed' then coalesce(s.result, 'null') end,
         error = case when s.state <> 'completed' then coalesce(
           s.error, jsonb_build_object('code', s.state, 'message', 'what was delegated was ' || s.state)) end,
         ended_at = p_now
    from unnest(p_ended) e
    join goalpost.steps s on s.run_id = e.run_id and s.key = e.key
   where c.run_id = s.run_id and c.works_in_step = s.key and c.state = 'waiting'
     and c.step_key in (select d.key from unnest(p_delegators) d where d.run_id = c.run_id);
  foreach v_step in array p_delegators loop
    v_functions := v_functions || goalpost_private.resume_step(v_step.run_id, v_step.key, p_now);
  end loop;
  return v_functions;
end
$$;
