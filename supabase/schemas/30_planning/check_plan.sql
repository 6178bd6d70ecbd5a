-- The rules for plans, as stated at the top of shared/domain/src/plan.rs. A plan comes from a model or a runbook and is
-- untrusted: all problems are found before anything is written.

-- Returns true if JSON has the shape of a call: {"tool": text, "arguments": object}.
create function goalpost_private.is_tool_call(p_value jsonb) returns boolean
language sql immutable
set search_path = ''
as $$
  select (jsonb_typeof(p_value) = 'object' and jsonb_typeof(p_value -> 'tool') = 'string' and p_value ->> 'tool' <> ''
          and jsonb_typeof(p_value -> 'arguments') = 'object') is true
$$;

-- Returns true if a step's input contains what its kind requires (rule missing_input).
create function goalpost_private.plan_input_is_complete(p_kind text, p_input jsonb) returns boolean
language sql immutable
set search_path = ''
as $$
  select case p_kind
    when 'tool' then goalpost_private.is_tool_call(p_input)
    when 'agent' then
      jsonb_typeof(p_input -> 'instructions') = 'string' and p_input ->> 'instructions' <> ''
      and case coalesce(jsonb_typeof(p_input -> 'procedure'), 'null')
            when 'null' then true
            when 'array' then not exists (
              select from jsonb_array_elements(p_input -> 'procedure') c where goalpost_private.is_tool_call(c) is not true)
            else false
          end
    when 'approval' then
      jsonb_typeof(p_input -> 'question') = 'string' and p_input ->> 'question' <> ''
      and coalesce(jsonb_typeof(p_input -> 'content'), 'null') in ('null', 'object')
    when 'subgoal' then
      jsonb_typeof(p_input -> 'title') = 'string' and p_input ->> 'title' <> ''
      and jsonb_typeof(p_input -> 'description') = 'string' and p_input ->> 'description' <> ''
    else true
  end is true
$$;

-- Returns the steps of a plan, one row per element of any type. See shared/domain/src/plan.rs, "How values are read".
create function goalpost_private.plan_steps(p_plan jsonb)
returns table (number bigint, step jsonb, key text, key_is_good boolean, depends_on jsonb)
language sql immutable
set search_path = ''
as $$
  select e.number, s.step, k.key, k.key ~ '^[a-z][a-z0-9_]{0,62}$' is true,
         case jsonb_typeof(s.step -> 'depends_on') when 'array' then s.step -> 'depends_on' else '[]' end
    from jsonb_array_elements(case jsonb_typeof(p_plan -> 'steps') when 'array' then p_plan -> 'steps' else '[]' end)
         with ordinality e (value, number)
   cross join lateral (select case jsonb_typeof(e.value) when 'object' then e.value else '{}' end as step) s
   cross join lateral (
     select case jsonb_typeof(s.step -> 'key') when 'string' then s.step ->> 'key' end as key) k
$$;

-- Returns the problems of the graph: cycle, too_deep, too_much_fan_out. Expects a plan whose keys are unique and
-- complete. Removes steps without remaining dependencies one by one and visits each dependency once (Kahn's algorithm):
-- a plan has thousands of steps and is checked within one call.
create function goalpost_private.plan_graph_problems(p_plan jsonb, p_limits goalpost_private.limits) returns setof jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_keys text[];
  -- By the number of a step: the count of its remaining dependencies, and the length of the longest path to it.
  v_waits_for integer[];
  v_depth integer[];
  -- The dependents of step n: v_to[v_first[n]] to v_to[v_last[n]].
  v_first integer[];
  v_last integer[];
  v_to integer[];
  v_free integer[];
  v_taken integer := 0;
  v_number integer;
  v_next integer;
begin
  return query
    select jsonb_build_object('code', 'too_much_fan_out', 'step_key', d.depends_on_key,
             'message', format('more than %s steps depend on %s', p_limits.max_fan_out, d.depends_on_key))
      from (select distinct s.number, e.value #>> '{}' as depends_on_key
              from goalpost_private.plan_steps(p_plan) s, jsonb_array_elements(s.depends_on) e) d
     where d.depends_on_key in (select s.key from goalpost_private.plan_steps(p_plan) s)
     group by d.depends_on_key
    having count(*) > p_limits.max_fan_out;

  with step as materialized (
    select * from goalpost_private.plan_steps(p_plan)
  ),
  edge as materialized (
    select *, row_number() over (order by e.from_number, e.to_number) as place
      from (select distinct o.number as from_number, s.number as to_number
              from step s cross join lateral jsonb_array_elements_text(s.depends_on) d (key) join step o on o.key = d.key) e
  ),
  node as (
    select s.number, s.key, coalesce(i.waits_for, 0) as waits_for, coalesce(o.first, 1) as first, coalesce(o.last, 0) as last
      from step s
      left join (select to_number, count(*) as waits_for from edge group by to_number) i on i.to_number = s.number
      left join (select from_number, min(place) as first, max(place) as last from edge group by from_number) o
        on o.from_number = s.number
  )
  select array_agg(n.key order by n.number), array_agg(n.waits_for order by n.number), array_agg(1 order by n.number),
         array_agg(n.first order by n.number), array_agg(n.last order by n.number),
         array_agg(n.number order by n.number) filter (where n.waits_for = 0),
         (select array_agg(e.to_number order by e.place) from edge e)
    into v_keys, v_waits_for, v_depth, v_first, v_last, v_free, v_to
    from node n;

  while v_taken < coalesce(cardinality(v_free), 0) loop
    v_taken := v_taken + 1;
    v_number := v_free[v_taken];
    for v_place in v_first[v_number] .. v_last[v_number] loop
      v_next := v_to[v_place];
      v_depth[v_next] := greatest(v_depth[v_next], v_depth[v_number] + 1);
      v_waits_for[v_next] := v_waits_for[v_next] - 1;
      if v_waits_for[v_next] = 0 then
        v_free := v_free || v_next;
      end if;
    end loop;
  end loop;

  if v_taken < cardinality(v_keys) then
    return query
      select jsonb_build_object('code', 'cycle', 'step_key', (array_agg(k.key order by k.number))[1],
               'message', format('steps wait for each other: %s', string_agg(k.key, ', ' order by k.number)))
        from unnest(v_keys) with ordinality k (key, number)
       where v_waits_for[k.number] > 0;
    return;
  end if;
  if (select max(d) from unnest(v_depth) d) > p_limits.max_depth then
    return next jsonb_build_object('code', 'too_deep', 'step_key', null,
      'message', format('the longest path has %s steps; at most %s are allowed',
                        (select max(d) from unnest(v_depth) d), p_limits.max_depth));
  end if;
end
$$;

-- Returns all problems of a plan: [{"code", "step_key", "message"}]; empty if there are none.
-- The rules are stated once, in shared/domain/src/plan.rs; a property test compares the two implementations.
-- JIT is off: Postgres estimates thousands of steps, and compilation would take a second for a query of a millisecond.
create function goalpost_private.check_plan(
  p_plan jsonb, p_agents jsonb, p_tools text[], p_taken_keys text[], p_limits goalpost_private.limits,
  p_completed_keys text[] default '{}'
) returns jsonb
language plpgsql stable
set search_path = '' set jit = off
-- The engine's calls look up single rows; here a plan is compared with itself.
set plan_cache_mode = auto set enable_hashjoin = on set enable_mergejoin = on
as $$
declare
  v_problems jsonb;
begin
  with step as materialized (
    select * from goalpost_private.plan_steps(p_plan)
  ),
  input as (
    select s.number, s.key, s.step ->> 'kind' as kind, a.agent, i.input,
           case jsonb_typeof(i.input -> 'procedure') when 'array' then i.input -> 'procedure' else '[]' end as procedure
      from step s
     cross join lateral (
       select case jsonb_typeof(s.step -> 'input') when 'object' then s.step -> 'input' else '{}' end as input) i
     cross join lateral (
       select case when jsonb_typeof(s.step -> 'agent') = 'string' then nullif(s.step ->> 'agent', '') end as agent) a
     where jsonb_typeof(s.step -> 'kind') = 'string'
  ),
  -- Every tool that a step names, and where.
  named_tool as (
    select i.number, i.key, null as agent, i.input ->> 'tool' as tool
      from input i where i.kind = 'tool' and jsonb_typeof(i.input -> 'tool') = 'string' and i.input ->> 'tool' <> ''
    union all
    select i.number, i.key, i.agent, c.value ->> 'tool'
      from input i, jsonb_array_elements(i.procedure) c
     where i.kind = 'agent' and jsonb_typeof(c.value -> 'tool') = 'string' and c.value ->> 'tool' <> ''
  ),
  dependency as (
    select s.number, s.key, d.value, case jsonb_typeof(d.value) when 'string' then d.value #>> '{}' end as on_key
      from step s, jsonb_array_elements(s.depends_on) d
  ),
  problem (number, key, code, message) as (
    select 0::bigint, null::text, 'empty_plan', 'a plan needs at least one step' where not exists (select from step)
    union all
    select 0, null, 'too_many_steps', format('a plan has at most %s steps', p_limits.max_steps)
     where (select count(*) from step) > p_limits.max_steps
    union all
    select 0, null, 'too_large', format('a plan has at most %s bytes', p_limits.max_plan_bytes)
     where octet_length(p_plan::text) > p_limits.max_plan_bytes
    union all
    select number, key, 'bad_key', 'a key is a lower-case letter, then up to 62 letters, digits or _'
      from step where not key_is_good
    union all
    select number, key, 'reserved_key', 'assess, plan, judge, plan_N and judge_N are taken'
      from step where key ~ '^(assess|plan|judge|(plan|judge)_[0-9]+)$'
    union all
    select s.number, s.key, 'duplicate_key', 'another step of the run has this key'
      from step s
     where s.key_is_good
       and (s.key = any (p_taken_keys)
            or (s.key, s.number) not in (select o.key, min(o.number) from step o where o.key_is_good group by o.key))
    union all
    select number, key, 'unknown_kind', 'a kind is agent, tool, approval or subgoal'
      from step
     where coalesce(jsonb_typeof(step -> 'kind') <> 'string'
                    or step ->> 'kind' not in ('agent', 'tool', 'approval', 'subgoal'), true)
    union all
    select number, key, 'unknown_dependency', 'depends_on names a step that is not in the plan'
      from step
     where coalesce(jsonb_typeof(step -> 'depends_on'), 'null') not in ('array', 'null')
    union all
    select d.number, d.key, 'unknown_dependency', 'depends_on names a step that is not in the plan'
      from dependency d
     where d.on_key is null
        or (d.on_key is distinct from d.key
            and d.on_key <> all (p_completed_keys)
            and d.on_key not in (select o.key from step o where o.key_is_good))
    union all
    select number, key, 'self_dependency', 'a step cannot wait for itself' from dependency where on_key = key
    union all
    select number, min(key), 'duplicate_dependency', 'depends_on names a step twice'
      from dependency where on_key is not null group by number, on_key having count(*) > 1
    union all
    select number, key, 'missing_agent', 'an agent step names its agent'
      from input where kind = 'agent' and agent is null
    union all
    select number, key, 'unknown_agent', format('there is no agent %s', agent)
      from input where kind = 'agent' and agent is not null and not p_agents ? agent
    union all
    select i.number, i.key, 'agent_on_other_kind', 'only an agent step names an agent'
      from input i join step s using (number)
     where i.kind in ('tool', 'approval', 'subgoal') and coalesce(jsonb_typeof(s.step -> 'agent'), 'null') <> 'null'
    union all
    select number, key, 'missing_input', format('a step of kind %s lacks a part of its input', kind)
      from input where not goalpost_private.plan_input_is_complete(kind, input)
    union all
    select number, key, 'unknown_tool', format('there is no tool %s', tool)
      from named_tool where tool <> all (p_tools)
    union all
    select number, key, 'tool_not_allowed_for_agent', format('agent %s may not use %s', agent, tool)
      from named_tool
     where agent is not null and p_agents ? agent and tool = any (p_tools) and not (p_agents -> agent) ? tool
    union all
    select s.number, s.key, 'bad_condition', 'a condition maps steps of depends_on to what their results must contain'
      from step s
     where case coalesce(jsonb_typeof(s.step -> 'condition'), 'null')
             when 'null' then false
             when 'object' then exists (
               select from jsonb_object_keys(s.step -> 'condition') c (key) where not s.depends_on ? c.key)
             else true
           end
    union all
    select number, key, 'bad_on_failure', 'on_failure is fail or continue'
      from step
     where coalesce(jsonb_typeof(step -> 'on_failure'), 'null') <> 'null'
       and step -> 'on_failure' not in ('"fail"', '"continue"')
    union all
    select number, key, 'bad_attempts', 'max_attempts is a whole number from 1 to 20'
      from step where not goalpost_private.is_absent_or_whole(step -> 'max_attempts', 1, 20)
    union all
    select number, key, 'bad_timeout', 'timeout_seconds is a whole number from 1 to 86400'
      from step where not goalpost_private.is_absent_or_whole(step -> 'timeout_seconds', 1, 86400)
    union all
    select 0, null, 'bad_check', k.problem
      from jsonb_array_elements(case jsonb_typeof(p_plan -> 'criteria') when 'array' then p_plan -> 'criteria' else '[]' end) c
     cross join lateral (
       select case when jsonb_typeof(c) = 'object' and jsonb_typeof(c -> 'check') = 'object'
                   then goalpost_private.criterion_check_problem(c -> 'check') end as problem) k
     where k.problem is not null
  )
  select coalesce(jsonb_agg(jsonb_build_object('code', code, 'step_key', key, 'message', message)
                            order by number, code), '[]')
    into v_problems
    from problem;

  if v_problems @? '$[*] ? (@.code == "too_many_steps" || @.code == "bad_key" || @.code == "duplicate_key"
                            || @.code == "unknown_dependency" || @.code == "self_dependency")' then
    return v_problems;
  end if;
  return v_problems || coalesce(
    (select jsonb_agg(g) from goalpost_private.plan_graph_problems(p_plan, p_limits) g), '[]');
end
$$;

-- Returns true if a request tries a candidate: one half of them, always the same ones.
create function goalpost_private.tries_candidate(p_agent_id bigint, p_root_run_id bigint) returns boolean
language sql immutable
set search_path = ''
as $$ select coalesce(hashint8extended(p_root_run_id, p_agent_id) % 2 = 0, false) $$;

-- Returns the agents that may work in a run, one version of each name: the workspace's own before built-in ones, a
-- candidate that the request tries, the version for the goal's type, the one for all goals.
create function goalpost_private.agents_of(p_run goalpost.workflow_runs) returns setof goalpost.agents
language sql stable
set search_path = ''
as $$
  select distinct on (a.name) a.*
    from goalpost.agents a
    left join goalpost.goals g on g.id = p_run.goal_id
   where (a.workspace_id = p_run.workspace_id or a.workspace_id is null)
     and (a.state = 'active' and (a.goal_type is null or a.goal_type = g.goal_type)
          or a.state = 'candidate' and goalpost_private.tries_candidate(a.id, p_run.root_run_id))
   order by a.name, a.workspace_id nulls last, a.state = 'candidate' desc, a.goal_type nulls last, a.version desc
$$;

-- Checks a plan against the agents, tools and limits of its run (check_plan). Control tools are excluded, because only
-- agents may call them.
create function goalpost_private.check_plan_of_run(p_plan jsonb, p_run goalpost.workflow_runs) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
  select goalpost_private.check_plan(
    p_plan,
    (select coalesce(jsonb_object_agg(a.name, to_jsonb(a.tools)), '{}')
       from goalpost_private.agents_of(p_run) a),
    array(select t.name from goalpost_private.tools_of(p_run.workspace_id) t where not t.control),
    array(select s.key from goalpost.steps s where s.run_id = p_run.id),
    l,
    goalpost_private.completed_keys(p_run.id))
    from goalpost_private.limits l);
end
$$;

-- Returns the steps of earlier plans of a run on whose results a later plan may depend.
create function goalpost_private.completed_keys(p_run_id bigint) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(select s.key from goalpost.steps s
                where s.run_id = p_run_id and s.state = 'completed' and s.kind not in ('assess', 'plan', 'judge')
                order by s.key);
end
$$;
