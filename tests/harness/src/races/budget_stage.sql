-- Functions for races of budgets: steps at work under one cap with little room, a turn through begin_turn, its end
-- through end_turn, and the sums of the caps.

insert into goalpost.model_prices
  (provider, model, valid_from, input_microusd, output_microusd, cached_microusd, cache_write_microusd, source)
values ('races', 'm', '2000-01-01', 1000000, 1000000, 1000000, 1000000, 'races');

-- Steps at work in two runs of one person, in a workspace of their own whose cap of p_scope has room for p_room
-- model calls. A call reserves 1500 micro-dollars and as many tokens: 400 in, 1000 that are added to it, 100 out.
create function races.prepare_budget(p_steps integer, p_room integer, p_scope text, p_slack integer) returns jsonb
language plpgsql
as $$
declare
  v_workspace uuid := gen_random_uuid();
  v_user uuid := gen_random_uuid();
  v_cap bigint := 1500 * p_room + p_slack;
  v_requests bigint[];
  v_runs bigint[];
begin
  insert into auth.users (id, email) values (v_user, v_user || '@goalpost.test');
  insert into goalpost.workspaces (id, name, goal_budget_microusd, user_day_microusd, workspace_month_microusd)
  values (v_workspace, 'Races', case p_scope when 'run' then v_cap else 1000000000 end,
          case p_scope when 'user_day' then v_cap else 1000000000 end,
          case p_scope when 'workspace_month' then v_cap else 1000000000 end);
  insert into goalpost.members (workspace_id, user_id, role) values (v_workspace, v_user, 'owner');
  with asked as (
    insert into goalpost.requests (workspace_id, user_id, question, state)
    select v_workspace, v_user, 'a race', 'accepted' from generate_series(1, 2)
    returning id
  )
  select array_agg(id) into v_requests from asked;
  with opened as (
    insert into goalpost.workflow_runs
      (id, workspace_id, user_id, workflow_type, request_id, root_run_id, deadline_at)
    select n.id, v_workspace, v_user, 'request', n.request_id, n.id, now() + interval '1 day'
      from (select q as request_id, nextval('goalpost.workflow_runs_id_seq') as id from unnest(v_requests) q) n
    returning id
  )
  select array_agg(id order by id) into v_runs from opened;
  insert into goalpost.steps
    (run_id, key, workspace_id, kind, title, timeout_seconds, lease_epoch, state, lease_expires_at, started_at, run_after)
  -- A run's cap belongs to one run; under the other caps, the steps of both runs race.
  select v_runs[case p_scope when 'run' then 1 else 1 + n % 2 end], 's' || n, v_workspace, 'agent', 's', 3600, 1, 'running',
         now() + interval '1 day', now(), now()
    from generate_series(1, p_steps) n;
  return jsonb_build_object('workspace_id', v_workspace, 'steps', (
    select jsonb_agg(jsonb_build_object('run_id', s.run_id, 'key', s.key) order by s.key)
      from goalpost.steps s where s.workspace_id = v_workspace));
end
$$;

-- {"run_id", "key"} -> the reply of begin_turn; {"wait"} for a step that waits already. A step that was made ready is
-- claimed again.
create function races.ask(p_step jsonb) returns jsonb
language plpgsql
as $$
declare
  v_run_id constant bigint := (p_step ->> 'run_id')::bigint;
begin
  perform goalpost_private.lock_trees(array[v_run_id]);
  update goalpost.steps s
     set state = 'running', lease_expires_at = now() + interval '1 day', started_at = now()
   where s.run_id = v_run_id and s.key = p_step ->> 'key' and s.state = 'ready';
  if exists (select from goalpost.steps s where s.run_id = v_run_id and s.key = p_step ->> 'key' and s.state = 'waiting') then
    return '{"wait": {}}';
  end if;
  return goalpost_worker.begin_turn(v_run_id, p_step ->> 'key', 1, jsonb_build_object(
    'purpose', 'work', 'provider', 'races', 'model', 'm', 'request_hash', repeat('0', 64), 'max_input_tokens', 400,
    'max_output_tokens', 100));
end
$$;

-- Ends the step's turn under way, if there is one: {"run_id", "key", "state", "tokens"}.
create function races.settle(p_end jsonb) returns jsonb
language plpgsql
as $$
declare
  v_turn goalpost.step_turns;
  v_usage constant jsonb := jsonb_build_object('output_tokens', p_end -> 'tokens');
begin
  select t.* into v_turn from goalpost.step_turns t
   where t.run_id = (p_end ->> 'run_id')::bigint and t.step_key = p_end ->> 'key' and t.state = 'asked';
  if not found then
    return '{"settled": false}';
  end if;
  perform goalpost_worker.end_turn(v_turn.run_id, v_turn.step_key, v_turn.lease_epoch, v_turn.number,
    case p_end ->> 'state'
      when 'answered' then jsonb_build_object('answer', '{}'::jsonb, 'usage', v_usage)
      when 'failed' then jsonb_build_object('error', '{"code": "failed"}'::jsonb, 'charged', 'unknown', 'usage', v_usage)
      else '{"error": {"code": "unknown"}, "charged": "unknown"}' end);
  return '{"settled": true}';
end
$$;

-- Every cap of the workspace, beside the sums of its turns.
create function races.budgets(p_workspace_id uuid) returns jsonb
language sql
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'scope', b.scope, 'cap', b.cap_microusd, 'spent', b.spent_microusd, 'reserved', b.reserved_microusd,
           'asked', t.asked, 'booked', t.booked, 'used', u.used, 'spent_tokens', b.spent_tokens, 'used_tokens', u.tokens)), '[]')
    from goalpost.budgets b
   cross join lateral (
     select coalesce(sum(x.reserved_microusd) filter (where x.state = 'asked'), 0) as asked,
            coalesce(sum(x.cost_microusd) filter (where x.state <> 'asked'), 0) as booked
       from goalpost.step_turns x
      where x.workspace_id = p_workspace_id and (b.scope <> 'run' or b.key = x.run_id::text)) t
   cross join lateral (
     select coalesce(sum(e.cost_microusd), 0) as used, coalesce(sum(e.input_tokens + e.output_tokens), 0) as tokens
       from goalpost.usage_events e
      where e.workspace_id = p_workspace_id and (b.scope <> 'run' or b.key = e.run_id::text)) u
   where b.workspace_id = p_workspace_id
$$;

-- Creates a limit with p_room slots, named after its workspace's id.
create function races.prepare_slots(p_room integer) returns jsonb
language plpgsql
as $$
declare
  v_id bigint;
  v_name text := gen_random_uuid()::text;
begin
  insert into goalpost.rate_limits (scope, name, slots) values ('tool', v_name, greatest(p_room, 1)) returning id into v_id;
  insert into goalpost_private.limit_slots (limit_id, slot, free_again_at)
  select v_id, n, '-infinity' from generate_series(1, p_room) n;
  return to_jsonb(v_name);
end
$$;

-- {"name", "holder"} -> the reply of acquire_slots, or the number 1 for an acquired slot.
create function races.take(p_taker jsonb) returns jsonb
language sql
as $$
  select coalesce(goalpost_private.acquire_slots(
    null, jsonb_build_object('tool', p_taker ->> 'name'), p_taker ->> 'holder', goalpost_private.clock()), '{"number": 1}')
$$;
