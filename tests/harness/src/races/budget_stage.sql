-- What races for budgets need beside the stage: steps at work under one cap that is nearly used up, a question as
-- begin_turn asks it, its end as end_turn tells it, and a look at whether all adds up.

insert into goalpost.model_prices
  (provider, model, valid_from, input_microusd, output_microusd, cached_microusd, cache_write_microusd, source)
values ('races', 'm', '2000-01-01', 1000000, 1000000, 1000000, 1000000, 'races');

-- Steps at work in two runs of one person, in a workspace of their own whose cap of p_scope has room for p_room
-- questions. A question takes 1500 micro-dollars and as many tokens: 400 in, 1000 that are added to it, 100 out.
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
  -- One cap of a run is raced for by one run; of the others, both runs' steps count.
  select v_runs[case p_scope when 'run' then 1 else 1 + n % 2 end], 's' || n, v_workspace, 'agent', 's', 3600, 1, 'running',
         now() + interval '1 day', now(), now()
    from generate_series(1, p_steps) n;
  return jsonb_build_object('workspace_id', v_workspace, 'steps', (
    select jsonb_agg(jsonb_build_object('run_id', s.run_id, 'key', s.key) order by s.key)
      from goalpost.steps s where s.workspace_id = v_workspace));
end
$$;

-- {"run_id", "key"} -> what reserve_turn says, or the turn's number.
create function races.ask(p_step jsonb) returns jsonb
language plpgsql
as $$
declare
  v_step goalpost.steps;
  v_now timestamptz := goalpost_private.clock();
  v_said record;
  v_number integer;
begin
  select * into v_step from goalpost.steps s
   where s.run_id = (p_step ->> 'run_id')::bigint and s.key = p_step ->> 'key';
  v_said := goalpost_private.reserve_turn(
    v_step, '{"provider": "races", "model": "m", "max_input_tokens": 400, "max_output_tokens": 100}', v_now);
  if v_said.refusal is not null then
    return v_said.refusal;
  end if;
  insert into goalpost.step_turns
    (run_id, step_key, number, workspace_id, attempt, lease_epoch, purpose, provider, model, request_hash, max_input_tokens,
     max_output_tokens, reserved_microusd, asked_at)
  select v_step.run_id, v_step.key, 1 + count(*), v_step.workspace_id, 1, 1, 'work', 'races', 'm', '', 400, 100,
         v_said.reserved_microusd, v_now
    from goalpost.step_turns t where t.run_id = v_step.run_id and t.step_key = v_step.key
  returning number into v_number;
  return jsonb_build_object('number', v_number);
end
$$;

-- Ends the step's last question, if one is open: {"run_id", "key", "state", "tokens"}.
create function races.settle(p_end jsonb) returns jsonb
language plpgsql
as $$
declare
  v_turn goalpost.step_turns;
begin
  update goalpost.step_turns t
     set state = p_end ->> 'state', ended_at = goalpost_private.clock(), output_tokens = (p_end ->> 'tokens')::bigint,
         answer = case p_end ->> 'state' when 'answered' then '{}'::jsonb end
   where t.run_id = (p_end ->> 'run_id')::bigint and t.step_key = p_end ->> 'key' and t.state = 'asked'
  returning t.* into v_turn;
  if not found then
    return '{"settled": false}';
  end if;
  perform goalpost_private.settle_turn(v_turn, true, goalpost_private.clock());
  return '{"settled": true}';
end
$$;

-- Every cap of the workspace, beside what its questions say of it.
create function races.budgets(p_workspace_id uuid) returns jsonb
language sql
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'scope', b.scope, 'cap', b.cap_microusd, 'spent', b.spent_microusd, 'reserved', b.reserved_microusd,
           'asked', t.asked, 'booked', t.booked, 'used', u.used)), '[]')
    from goalpost.budgets b
   cross join lateral (
     select coalesce(sum(x.reserved_microusd) filter (where x.state = 'asked'), 0) as asked,
            coalesce(sum(x.cost_microusd) filter (where x.state <> 'asked'), 0) as booked
       from goalpost.step_turns x
      where x.workspace_id = p_workspace_id and (b.scope <> 'run' or b.key = x.run_id::text)) t
   cross join lateral (
     select coalesce(sum(e.cost_microusd), 0) as used from goalpost.usage_events e
      where e.workspace_id = p_workspace_id and (b.scope <> 'run' or b.key = e.run_id::text)) u
   where b.workspace_id = p_workspace_id
$$;

-- A limit of its own with so many places: its workspace's id stands for its name.
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

-- {"name", "holder"} -> what take_slots says, or the number 1 for a place.
create function races.take(p_taker jsonb) returns jsonb
language sql
as $$
  select coalesce(goalpost_private.take_slots(
    null, jsonb_build_object('tool', p_taker ->> 'name'), p_taker ->> 'holder', goalpost_private.clock()), '{"number": 1}')
$$;
