-- Parameters of runbooks: values that its plan reads as {{ parameters.name }}, with a JSON Schema. Typed rules and a
-- model fill them from the question; the requester's own values take precedence; the requester is asked for a required
-- one that is missing. None is invented.

-- Returns the names of the parameters that a plan reads, in order: `parameters.week` in any of its templates.
create function goalpost_private.parameters_of(p_plan jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select coalesce(jsonb_agg(distinct m[1]), '[]') from regexp_matches(p_plan::text, '\mparameters\.([a-z_][a-z0-9_]*)', 'g') m
$$;

-- Returns the JSON Schema of a runbook's parameters: the declared one, otherwise one that allows a value of any type for
-- each parameter that the plan reads.
create function goalpost_private.parameters_schema(p_runbook goalpost.runbooks) returns jsonb
language sql immutable
set search_path = ''
as $$
  select case when p_runbook.parameters <> '{}' then p_runbook.parameters
              else jsonb_build_object(
                     'type', 'object',
                     'properties', coalesce((select jsonb_object_agg(n, '{}'::jsonb) from jsonb_array_elements_text(n.names) n), '{}')) end
    from (select goalpost_private.parameters_of(p_runbook.plan) as names) n
$$;

-- Returns the parameters of a run for a runbook: those of its schema for which there is a valid value. From the goal's
-- context (a model's reading of the question), then the planner's (typed rules), then the request's context and
-- parameters, the later over the earlier.
create function goalpost_private.parameters_for(
  p_run goalpost.workflow_runs, p_runbook goalpost.runbooks, p_given jsonb
) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(v.key, v.value), '{}')
    from goalpost.requests q
    left join goalpost.goals g on g.id = p_run.goal_id
   cross join lateral jsonb_each(goalpost_private.parameters_schema(p_runbook) -> 'properties') s (key, schema)
   cross join lateral (
     select l.value
       from unnest(array[q.parameters -> s.key, q.context -> s.key, p_given -> s.key, g.context -> s.key]) with ordinality l (value, place)
      where goalpost_private.json_problem(s.schema, l.value, s.key) is null and l.value is not null
      order by l.place
      limit 1) f
   cross join lateral (select s.key, f.value) v
   where q.id = p_run.request_id
$$;

-- Returns the schema of the required parameters that have no value, for the requester's answer; null if all have one.
create function goalpost_private.missing_parameters(p_runbook goalpost.runbooks, p_values jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select case when count(*) > 0 then
           jsonb_build_object(
             'type', 'object', 'additionalProperties', false, 'required', jsonb_agg(n.name order by n.name),
             'properties', jsonb_object_agg(n.name, coalesce(s.schema -> 'properties' -> n.name, '{}'))) end
    from (select goalpost_private.parameters_schema(p_runbook) as schema) s,
         jsonb_array_elements_text(coalesce(s.schema -> 'required', '[]')) n (name)
   where not p_values ? n.name
$$;

-- Returns why a request's own parameters do not fit a runbook's declared schema; null if they do.
create function goalpost_private.parameters_problem(p_runbook goalpost.runbooks, p_values jsonb) returns text
language sql immutable
set search_path = ''
as $$
  select case when p_runbook.parameters <> '{}' then
    goalpost_private.json_problem(p_runbook.parameters || '{"type": "object"}', coalesce(p_values, '{}'), 'the parameters') end
$$;

-- Asks the requester for the parameters that a plan needs: running -> waiting, with the planner's result as the subject.
create function goalpost_private.ask_for_parameters(
  p_step goalpost.steps, p_runbook goalpost.runbooks, p_missing jsonb, p_result jsonb, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.steps
     set state = 'waiting', lease_expires_at = null, run_after = null, started_at = null
   where run_id = p_step.run_id and key = p_step.key;
  perform goalpost_private.ask_person(
    p_step, 'question', null,
    format('The runbook %s needs: %s.', p_runbook.name, (
      select string_agg(p.key || coalesce(' (' || nullif(left(p.value ->> 'description', 200), '') || ')', ''), ', ' order by p.key)
        from jsonb_each(p_missing -> 'properties') p)),
    jsonb_build_object('runbook', p_runbook.name, 'title', p_runbook.title), p_now,
    jsonb_build_object('answer_schema', p_missing, 'subject', p_result));
end
$$;

-- Applies the requester's answer to ask_for_parameters: the planner's result is applied with it. A rejected or expired
-- question ends the attempt. Returns the functions to wake.
create function goalpost_private.apply_parameters_decision(
  p_step goalpost.steps, p_approval goalpost.approvals, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_result constant jsonb := p_approval.subject || jsonb_build_object(
    'parameters', coalesce(nullif(p_approval.subject -> 'parameters', 'null'), '{}') || coalesce(p_approval.answer, '{}'));
  v_error constant jsonb := goalpost_private.refusal_of(p_approval, false) || jsonb_build_object(
    'code', 'parameters_missing', 'message',
    format('a value that the runbook needs was not given: %s', goalpost_private.refusal_of(p_approval, false) ->> 'message'));
  v_effect record;
  v_outcome text := 'failed';
begin
  if p_approval.state = 'approved' then
    v_effect := goalpost_private.apply_plan(p_step, v_result, p_now);
    if v_effect.message is not null then
      perform goalpost_private.refuse('ZG003', v_effect.message, 'reject the question to give the plan up');
    end if;
    if (select s.state from goalpost.steps s where s.run_id = p_step.run_id and s.key = p_step.key) = 'waiting' then
      return v_effect.functions;
    end if;
    v_outcome := 'completed';
  end if;
  insert into goalpost.step_attempts
    (run_id, step_key, attempt, workspace_id, outcome, worker, started_at, ended_at, error)
  values
    (p_step.run_id, p_step.key, p_step.attempt, p_step.workspace_id, v_outcome, p_step.leased_by, p_approval.requested_at,
     p_now, case v_outcome when 'failed' then v_error end);
  if v_outcome = 'completed' then
    return v_effect.functions;
  end if;
  return goalpost_private.fail_step(p_step, v_error, 'failed', p_now);
end
$$;
