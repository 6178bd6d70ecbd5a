-- Inserts a step of the engine itself (assess, plan), which has no dependencies.
create function goalpost_private.add_own_step(
  p_run goalpost.workflow_runs, p_key text, p_kind text, p_title text, p_input jsonb
) returns void
language sql
set search_path = ''
as $$
  insert into goalpost.steps (run_id, key, workspace_id, kind, title, revision, input, priority)
  values (p_run.id, p_key, p_run.workspace_id, p_kind, p_title, p_run.revision, p_input, p_run.priority);
$$;

-- Inserts the steps of a checked plan into runs of one workspace, and, with p_judge_key, the judge that depends on all
-- final steps. The step p_ends_run_key, if any, ends the run. First steps that functions process are ready at once;
-- first steps of other kinds, or with a condition, are left pending for open_first_steps. A dependency on a step of an
-- earlier plan is already met, because the check admits completed steps only.
create function goalpost_private.add_plan_steps(
  p_runs goalpost.workflow_runs[], p_plan jsonb, p_ends_run_key text, p_judge_key text, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
-- The engine's calls look up single rows; here a plan is joined with itself.
set plan_cache_mode = auto set enable_hashjoin = on set enable_mergejoin = on
as $$
declare
  v_functions text[];
begin
  with given as materialized (
    select s.number, s.key, s.step, array(select distinct d from jsonb_array_elements_text(s.depends_on) d) as depends_on
      from goalpost_private.plan_steps(p_plan) s
  ),
  edge as materialized (
    select d.key as from_key, array_agg(g.key order by g.number) as to_keys
      from given g cross join lateral unnest(g.depends_on) d (key)
     group by d.key
  ),
  -- The number of a step's dependencies within this plan.
  waiting as materialized (
    select t.key, count(*)::integer as waits_for
      from given f join edge e on e.from_key = f.key cross join lateral unnest(e.to_keys) t (key)
     group by t.key
  ),
  node as materialized (
    select g.number, g.key, g.step ->> 'kind' as kind,
           left(case when jsonb_typeof(g.step -> 'title') = 'string' then coalesce(nullif(g.step ->> 'title', ''), g.key)
                     else g.key end, 300) as title,
           g.step ->> 'agent' as agent, g.step -> 'input' as input, nullif(g.step -> 'condition', 'null') as condition,
           coalesce(g.step ->> 'on_failure', 'fail') as on_failure,
           coalesce((g.step ->> 'max_attempts')::numeric::integer, 3) as max_attempts,
           coalesce((g.step ->> 'timeout_seconds')::numeric::integer, 300) as timeout_seconds,
           g.key = p_ends_run_key is true as ends_run, g.depends_on, coalesce(w.waits_for, 0) as waits_for,
           coalesce(e.to_keys, case when p_judge_key is null then '{}' else array[p_judge_key] end) as dependents
      from given g
      left join edge e on e.from_key = g.key
      left join waiting w on w.key = g.key
    union all
    select 1 + count(*), p_judge_key, 'judge', 'Judge the result', null, '{}', null, 'fail', 3, 300, false,
           coalesce(array_agg(g.key order by g.key) filter (where not exists (select from edge e where e.from_key = g.key)), '{}'),
           (count(*) filter (where not exists (select from edge e where e.from_key = g.key)))::integer, '{}'
      from given g having p_judge_key is not null
  ),
  -- One version of each agent for each run: two runs of one call may be on both sides of a trial.
  agent as materialized (
    select r.id as run_id, a.name, a.id
      from unnest(p_runs) r cross join lateral goalpost_private.agents_of(r) a
     where exists (select from node n where n.agent is not null)
  ),
  added as (
    insert into goalpost.steps
      (run_id, key, workspace_id, kind, title, revision, agent_id, input, condition, on_failure, max_attempts,
       timeout_seconds, priority, ends_run, depends_on, dependents, remaining_dependencies, state, run_after)
    select r.id, n.key, r.workspace_id, n.kind, n.title, r.revision, a.id, n.input, n.condition, n.on_failure,
           n.max_attempts, n.timeout_seconds, r.priority, n.ends_run, n.depends_on, n.dependents, n.waits_for,
           case when w.is_ready then 'ready' else 'pending' end, case when w.is_ready then p_now end
      from unnest(p_runs) r
     cross join node n
      left join agent a on a.run_id = r.id and a.name = n.agent
     cross join lateral (
       select n.waits_for = 0 and n.condition is null and n.kind in ('agent', 'tool') as is_ready) w
     order by r.id, n.number
    returning kind, state
  )
  select coalesce(array_agg(goalpost_private.function_of(a.kind)), '{}') into v_functions from added a where a.state = 'ready';
  return v_functions;
end
$$;

-- Opens the first steps that add_plan_steps left pending: approvals, sub-goals, steps with a condition.
create function goalpost_private.open_first_steps(p_run goalpost.workflow_runs, p_now timestamptz) returns text[]
language sql
set search_path = ''
as $$
  select goalpost_private.ready_steps(
    p_run.id,
    array(select key from goalpost.steps
           where run_id = p_run.id and revision = p_run.revision and state = 'pending' and remaining_dependencies = 0),
    p_now)
$$;

-- Returns the readable criteria of a plan, at most 50.
create function goalpost_private.criteria_of_plan(p_plan jsonb)
returns table (number bigint, description text, check_definition jsonb)
language sql immutable
set search_path = ''
as $$
  select c.number, left(d.description, 2000),
         case when jsonb_typeof(c.value) = 'object' and jsonb_typeof(c.value -> 'check') in ('string', 'object')
              then nullif(c.value -> 'check', '""') end
    from jsonb_array_elements(case jsonb_typeof(p_plan -> 'criteria') when 'array' then p_plan -> 'criteria' else '[]' end)
         with ordinality c (value, number)
   cross join lateral (
     select case jsonb_typeof(c.value)
              when 'string' then c.value #>> '{}'
              when 'object' then case when jsonb_typeof(c.value -> 'description') = 'string'
                                      then c.value ->> 'description' end
            end as description) d
   where d.description <> '' and c.number <= 50
$$;

-- Inserts the criteria of a goal's first plan; they stay for all later plans.
create function goalpost_private.add_criteria(p_run goalpost.workflow_runs, p_plan jsonb) returns void
language sql
set search_path = ''
as $$
  insert into goalpost.goal_criteria (goal_id, number, workspace_id, description, check_definition)
  select p_run.goal_id, row_number() over (order by c.number), p_run.workspace_id, c.description, c.check_definition
    from goalpost_private.criteria_of_plan(p_plan) c
   where not exists (select from goalpost.goal_criteria x where x.goal_id = p_run.goal_id)
$$;

-- Binds a goal's criteria to a later plan: the criterion stays, and its check becomes that of the plan's criterion with
-- the same description. A criterion that the plan does not mention keeps its check if it was met; otherwise the check
-- is removed, because it reads steps that will not run again, and the criterion is judged without it.
create function goalpost_private.bind_criteria(p_run goalpost.workflow_runs, p_plan jsonb) returns void
language sql
set search_path = ''
as $$
  update goalpost.goal_criteria x
     set check_definition = b.check_definition, verdict = case when b.is_kept then x.verdict else 'open' end,
         evidence = case when b.is_kept then x.evidence end,
         evidence_step = case when b.is_kept then x.evidence_step end,
         decided_by = case when b.is_kept then x.decided_by end
    from (
      select o.number, case when n.description is not null then n.check_definition
                            when o.verdict = 'met' then o.check_definition end as check_definition,
             n.description is null and o.verdict = 'met' as is_kept
        from goalpost.goal_criteria o
        left join goalpost_private.criteria_of_plan(p_plan) n on lower(trim(n.description)) = lower(trim(o.description))
       where o.goal_id = p_run.goal_id) b
   where x.goal_id = p_run.goal_id and x.number = b.number
$$;
