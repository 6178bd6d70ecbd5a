-- The opening of requests, one or many at once: a question starts with its assessment; a runbook requested by name
-- starts with its steps, without assessment and planning.

-- Adopts requests that were inserted directly: submitted -> accepted | failed. Bounded. Does not block: locked rows are
-- skipped.
create function goalpost_private.adopt_requests(
  p_limit integer, p_now timestamptz, out adopted_count integer, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_requests goalpost.requests[];
begin
  with adopted as (
    update goalpost.requests q
       set state = 'accepted', goal_id = case when q.runbook is not null then nextval('goalpost.goals_id_seq') end
      from (select s.id from goalpost.requests s where s.state = 'submitted' order by s.id limit p_limit
               for update skip locked) s
     where q.id = s.id
    returning q.*
  )
  select array_agg(a::goalpost.requests order by a.id) into v_requests from adopted a;
  adopted_count := coalesce(cardinality(v_requests), 0);
  functions := goalpost_private.open_requests(v_requests, p_now);
end
$$;

-- Opens accepted requests: an assessment for each question, its steps for each runbook requested by name. A request
-- whose runbook cannot be started fails with the reason. Returns the functions to wake.
create function goalpost_private.open_requests(p_requests goalpost.requests[], p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_group record;
  v_found record;
  v_fit goalpost.requests[];
  v_functions text[];
begin
  v_functions := goalpost_private.open_assessments(
    array(select q from unnest(p_requests) q where q.runbook is null order by q.id), p_now);
  for v_group in
    select q.workspace_id, q.user_id, q.runbook, array_agg(q order by q.id) as requests
      from unnest(p_requests) q where q.runbook is not null
     group by q.workspace_id, q.user_id, q.runbook
  loop
    v_found := goalpost_private.find_runbook(v_group.workspace_id, v_group.user_id, v_group.runbook);
    v_fit := case when v_found.problem is not null then '{}'
                  when (v_found.runbook).parameters = '{}' then v_group.requests
                  else array(select r from unnest(v_group.requests) r
                              where goalpost_private.parameters_problem(v_found.runbook, r.parameters) is null order by r.id) end;
    if cardinality(v_fit) > 0 then
      v_functions := v_functions || goalpost_private.start_runbook(v_found.runbook, v_fit, p_now);
    end if;
    if cardinality(v_fit) < cardinality(v_group.requests) then
      update goalpost.requests q
         set state = 'failed', goal_id = null, ended_at = p_now,
             reason = coalesce(v_found.problem, goalpost_private.parameters_problem(v_found.runbook, q.parameters))
       where q.id in (select r.id from unnest(v_group.requests) r except select f.id from unnest(v_fit) f);
    end if;
  end loop;
  return v_functions;
end
$$;

-- Opens the runs of questions, with their assessments ready.
create function goalpost_private.open_assessments(p_requests goalpost.requests[], p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_functions text[];
begin
  if cardinality(p_requests) = 0 then
    return '{}';
  end if;
  with opened as (
    insert into goalpost.workflow_runs
      (id, workspace_id, user_id, workflow_type, request_id, root_run_id, deadline_at, created_at)
    select n.id, (n.q).workspace_id, (n.q).user_id, 'request', (n.q).id, n.id,
           p_now + make_interval(secs => l.max_run_seconds), p_now
      from (select q, nextval('goalpost.workflow_runs_id_seq') as id from unnest(p_requests) q) n
     cross join goalpost_private.limits l
    returning id, workspace_id, priority
  ),
  readied as (
    insert into goalpost.steps (run_id, key, workspace_id, kind, title, priority, state, run_after)
    select o.id, 'assess', o.workspace_id, 'assess', 'Assess the request', o.priority, 'ready', p_now from opened o
    returning kind
  )
  select array_agg(goalpost_private.function_of(r.kind)) into v_functions from readied r;
  return v_functions;
end
$$;
