-- Refuses a value that is no list of requests, or that names a runbook that cannot be started (ZG003), before anything
-- is written. The table's trigger checks the size of questions and contexts (request_limits.sql).
create function goalpost_private.refuse_bad_requests(p_workspace_id uuid, p_requests jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_name text;
  v_found record;
  v_problem text;
begin
  if jsonb_typeof(p_requests) is distinct from 'array' or jsonb_array_length(p_requests) not between 1 and 1000 then
    perform goalpost_private.refuse('ZG003', 'requests are an array of 1 to 1000', 'send more in several calls');
  end if;
  if exists (
    select from jsonb_array_elements(p_requests) q
     where jsonb_typeof(q -> 'question') is distinct from 'string')
  then
    perform goalpost_private.refuse('ZG003', 'a question has 1 to 16000 characters');
  end if;
  for v_name in
    select distinct q ->> 'runbook' from jsonb_array_elements(p_requests) q where q ->> 'runbook' is not null
  loop
    v_found := goalpost_private.find_runbook(p_workspace_id, auth.uid(), v_name);
    v_problem := v_found.problem;
    if v_problem is null and (v_found.runbook).parameters <> '{}' then
      select min(goalpost_private.parameters_problem(v_found.runbook, nullif(q -> 'parameters', 'null'))) into v_problem
        from jsonb_array_elements(p_requests) q where q ->> 'runbook' = v_name;
    end if;
    if v_problem is not null then
      perform goalpost_private.refuse('ZG003', v_problem);
    end if;
  end loop;
end
$$;

-- Returns the state of each request, in the order of p_requests: of a new one, and of one whose key existed already.
create function goalpost_private.describe_acceptance(
  p_workspace_id uuid, p_requests jsonb, p_new goalpost.requests[]
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_new_ids constant bigint[] := array(select n.id from unnest(p_new) n);
  -- Requests without a key are all new, in order.
  v_keyless_ids constant bigint[] := array(select n.id from unnest(p_new) n where n.idempotency_key is null order by n.id);
  v_other bigint;
  v_accepted jsonb;
begin
  with given as materialized (
    select t.number, t.value, k.idempotency_key,
           row_number() over (partition by k.idempotency_key order by t.number) as turn
      from jsonb_array_elements(p_requests) with ordinality t (value, number)
     cross join lateral (select goalpost_private.trimmed(t.value ->> 'idempotency_key') as idempotency_key) k
  ),
  found as (
    select t.number, q.id, q.state,
           -- All fields are compared: another request under the same key would be lost.
           (q.question, q.context, q.runbook, q.parameters, q.budget) is distinct from
             (goalpost_private.trimmed(t.value ->> 'question'), coalesce(nullif(t.value -> 'context', 'null'), '{}'),
              t.value ->> 'runbook', coalesce(nullif(t.value -> 'parameters', 'null'), '{}'),
              coalesce(nullif(t.value -> 'budget', 'null'), '{}')) as is_other,
           t.idempotency_key is not null and (t.turn > 1 or q.id <> all (v_new_ids)) as repeated
      from given t
      join goalpost.requests q
        on q.id = case when t.idempotency_key is null then v_keyless_ids[t.turn]
                       else (select o.id from goalpost.requests o
                              where o.workspace_id = p_workspace_id and o.user_id = auth.uid()
                                and o.idempotency_key = t.idempotency_key) end
  )
  select min(f.id) filter (where f.is_other),
         jsonb_agg(jsonb_build_object(
           'request_id', f.id, 'state', f.state, 'repeated', f.repeated,
           'run_id', (select min(r.id) from goalpost.workflow_runs r
                       where r.workspace_id = p_workspace_id and r.request_id = f.id)) order by f.number)
    into v_other, v_accepted
    from found f;
  if v_other is not null then
    perform goalpost_private.refuse('ZG004', 'this idempotency key was used for another request',
      format('it belongs to request %s', v_other));
  end if;
  return v_accepted;
end
$$;

-- Accepts requests, all or none: [{"question", "idempotency_key", "context", "runbook", "parameters", "budget"}], at
-- most 1000; only the question is required. Returns {"request_id", "run_id", "state", "repeated"} for each, in order.
-- Called by people (supabase-js, the command line, intake on their behalf). Safe to repeat with the same idempotency
-- keys: the first request is returned. Raises ZG001/ZG002 (not yours), ZG003, ZG004 (key used for another request),
-- ZG006 (too many open: refuse_too_many_requests). Locks no existing row.
-- Definer: people may not write runs and steps.
create function goalpost_private.accept_requests(p_workspace_id uuid, p_requests jsonb) returns jsonb
language plpgsql security definer
set search_path = ''
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_now timestamptz := goalpost_private.clock();
  v_new goalpost.requests[];
begin
  perform goalpost_private.require_role(p_workspace_id, 'member');
  perform goalpost_private.refuse_bad_requests(p_workspace_id, p_requests);

  with given as materialized (
    select t.question, t.idempotency_key, coalesce(t.context, '{}') as context, t.runbook,
           coalesce(t.parameters, '{}') as parameters, coalesce(t.budget, '{}') as budget
      from rows from (jsonb_to_recordset(p_requests)
             as (question text, idempotency_key text, context jsonb, runbook text, parameters jsonb, budget jsonb))
           with ordinality t (question, idempotency_key, context, runbook, parameters, budget, number)
     order by t.number
  ),
  inserted as (
    insert into goalpost.requests
      (workspace_id, user_id, question, idempotency_key, context, runbook, parameters, budget, state, goal_id, created_at)
    select p_workspace_id, auth.uid(), t.question, t.idempotency_key, t.context, t.runbook, t.parameters, t.budget, 'accepted',
           case when t.runbook is not null then nextval('goalpost.goals_id_seq') end, v_now
      from given t
    on conflict (workspace_id, user_id, idempotency_key) where idempotency_key is not null do nothing
    returning *
  )
  select coalesce(array_agg(i::goalpost.requests order by i.id), '{}') into v_new from inserted i;
  perform goalpost_private.send_wakes(goalpost_private.open_requests(v_new, v_now), '[]', v_now);
  return goalpost_private.describe_acceptance(p_workspace_id, p_requests, v_new);
end
$$;

-- The exposed wrappers: invoker functions, so that no exposed function runs with more rights than its caller has.
create function goalpost.accept_request(
  p_workspace_id uuid, p_question text, p_idempotency_key text default null, p_context jsonb default '{}',
  p_runbook text default null, p_parameters jsonb default '{}', p_budget jsonb default '{}'
) returns jsonb language sql set search_path = ''
as $$
  select goalpost_private.accept_requests(
    p_workspace_id,
    jsonb_build_array(jsonb_build_object(
      'question', p_question, 'idempotency_key', p_idempotency_key, 'context', p_context,
      'runbook', p_runbook, 'parameters', p_parameters, 'budget', p_budget))) -> 0
$$;
