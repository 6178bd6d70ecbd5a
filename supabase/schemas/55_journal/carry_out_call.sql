-- Delegation: a call of the tool `delegate` adds a step of the same run, or a sub-goal, that works for the call. The
-- delegating step waits without a lease; the end of the other is the call's result.

-- Executes a call of ask_human: intended -> waiting, with a question to the requester, whose answer is the call's
-- result. Called by carry_out_call, with the tree locked.
create function goalpost_private.carry_out_ask_human(p_step goalpost.steps, p_call goalpost.tool_calls, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.tool_calls c set state = 'waiting', started_at = p_now
   where c.run_id = p_call.run_id and c.step_key = p_call.step_key and c.number = p_call.number;
  perform goalpost_private.ask_person(
    p_step, 'question', p_call.number, p_call.arguments ->> 'question', '{}', p_now,
    jsonb_build_object('answer_schema', case
      when jsonb_typeof(p_call.arguments -> 'answer_schema') = 'object' then p_call.arguments -> 'answer_schema'
      when jsonb_typeof(p_call.arguments -> 'options') = 'array' and p_call.arguments -> 'options' <> '[]'
        then jsonb_build_object('enum', p_call.arguments -> 'options') end));
end
$$;

-- Returns a key for the step that a call of `delegate` adds: it contains the step and the call, with a numeric suffix
-- if the run already has that key. Expects the tree's lock.
create function goalpost_private.delegated_key(p_call goalpost.tool_calls) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_start constant text := left(p_call.step_key, 44) || '_call_' || p_call.number;
  v_key text := v_start;
  v_number integer := 1;
begin
  while exists (select from goalpost.steps s where s.run_id = p_call.run_id and s.key = v_key) loop
    v_number := v_number + 1;
    v_key := v_start || '_' || v_number;
  end loop;
  return v_key;
end
$$;

-- Executes a call of `delegate`: adds the step (of an agent, or a sub-goal) for which the call then waits. If the
-- delegated step fails, the call fails and the run continues: the delegating agent receives the error. Called by
-- carry_out_call, under the tree's lock, for a permitted call. Over the caps, or for an agent that does not exist, the
-- call fails at once.
create function goalpost_private.carry_out_delegate(
  p_step goalpost.steps, p_call goalpost.tool_calls, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs := (select r from goalpost.workflow_runs r where r.id = p_step.run_id);
  v_limits goalpost_private.limits := (select l from goalpost_private.limits l);
  v_key constant text := goalpost_private.delegated_key(p_call);
  v_is_goal constant boolean := p_call.arguments ->> 'as' = 'goal';
  v_agent_name constant text := nullif(p_call.arguments ->> 'agent', '');
  v_agent_id bigint := p_step.agent_id;
  v_problem jsonb;
begin
  if v_agent_name is not null then
    select a.id into v_agent_id from goalpost_private.agents_of(v_run) a where a.name = v_agent_name;
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
  perform goalpost_private.send_wakes(goalpost_private.ready_steps(p_step.run_id, array[v_key], p_now), '[]', p_now);
end
$$;

-- Returns why a call that only writes rows cannot be executed with its arguments; null if it can. The schema of an
-- answer must be in the subset that SQL checks, since decide_approval checks the answer.
create function goalpost_private.arguments_problem(p_call goalpost.tool_calls) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(
    (select goalpost_private.json_problem(t.parameters, p_call.arguments, 'the arguments')
       from goalpost.tools t where t.name = p_call.tool),
    case when p_call.tool = 'ask_human' and p_call.arguments ? 'answer_schema'
         then goalpost_private.json_schema_problem(p_call.arguments -> 'answer_schema', 'answer_schema') end);
end
$$;

-- Executes a call that only writes rows, in one transaction with its record: intended -> done | failed | waiting, as
-- returned by the tool's own function. A call with invalid arguments fails. Replies the call.
-- Called for the tools named here. Safe to repeat: a call that is not intended any more is returned unchanged. Raises
-- ZG003 for any other tool, ZG009. Locks the tree.
create function goalpost_worker.carry_out_call(p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_number integer)
returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.lock_leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_now constant timestamptz := goalpost_private.clock();
  v_call goalpost.tool_calls;
  v_problem text;
begin
  select c.* into v_call from goalpost.tool_calls c
   where c.run_id = p_run_id and c.step_key = p_step_key and c.number = p_number;
  if v_call.state = 'intended' then
    v_problem := goalpost_private.arguments_problem(v_call);
    case
      when v_call.tool not in ('ask_human', 'delegate') then
        perform goalpost_private.refuse('ZG003', 'this tool is not carried out in the database');
      when v_problem is not null then
        update goalpost.tool_calls
           set state = 'failed', ended_at = v_now,
               error = jsonb_build_object('code', 'invalid_arguments', 'message', v_problem)
         where run_id = p_run_id and step_key = p_step_key and number = p_number;
      when v_call.tool = 'ask_human' then perform goalpost_private.carry_out_ask_human(v_step, v_call, v_now);
      else perform goalpost_private.carry_out_delegate(v_step, v_call, v_now);
    end case;
    select c.* into v_call from goalpost.tool_calls c
     where c.run_id = p_run_id and c.step_key = p_step_key and c.number = p_number;
  end if;
  return goalpost_private.describe_call(v_call);
end
$$;
