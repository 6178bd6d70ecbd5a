-- The whole surface on one screen: views, who sees which rows, who may call what. Everything is revoked first.

-- How far a goal is, 0 to 1, and why. Every step of its run counts one, plan and judge among them: 1 when it ended
-- (completed, skipped or failed), a sub-goal's own progress while it is under way, else 0. A run that plans again
-- gets more steps, so progress may go back: there is more to do. A goal that ended is at 1.
create function goalpost_private.goal_progress(p_goal_id bigint)
returns table (progress numeric, steps_ended bigint, steps_total bigint, explanation text)
language sql stable
set search_path = ''
as $$
  with part as (
    select case
             when s.state in ('completed', 'skipped', 'failed', 'cancelled') then 1
             when s.kind = 'subgoal' and s.state = 'waiting' then coalesce(
               (select p.progress from goalpost.goals c, goalpost_private.goal_progress(c.id) p
                 where c.parent_run_id = s.run_id and c.parent_step_key = s.key and c.state = 'active'), 0)
             else 0
           end as progress, s.state, s.kind
      from goalpost.workflow_runs r
      join goalpost.steps s on s.run_id = r.id
     where r.workspace_id = (select g.workspace_id from goalpost.goals g where g.id = p_goal_id)
       and r.goal_id = p_goal_id
  ),
  total as (
    select count(*) as steps_total, count(*) filter (where progress = 1) as steps_ended, sum(progress) as done,
           count(*) filter (where state = 'running') as running,
           count(*) filter (where state = 'failed') as failed
      from part
  )
  select case g.state
           when 'active' then coalesce(round(t.done / nullif(greatest(t.steps_total, 3), 0), 3), 0)
           else 1 end,
         t.steps_ended, t.steps_total,
         concat_ws(', ', format('%s of %s steps ended', t.steps_ended, t.steps_total),
                   case when t.running > 0 then format('%s running', t.running) end,
                   case when a.approvals > 0 then format('%s waiting for a decision', a.approvals) end,
                   case when t.failed > 0 then format('%s failed', t.failed) end)
    from goalpost.goals g cross join total t
   cross join lateral (
     select count(*) as approvals from goalpost.approvals o
      where o.workspace_id = g.workspace_id and o.goal_id = g.id and o.state = 'pending') a
   where g.id = p_goal_id
$$;

create view goalpost.goal_progress with (security_invoker = true) as
  select g.workspace_id, g.id as goal_id, g.state, p.progress, p.steps_ended, p.steps_total, p.explanation,
         -- What its newest plan was thought to cost before it began.
         (select o.estimate from goalpost.workflow_runs r
            join goalpost.plan_revisions o on o.workspace_id = r.workspace_id and o.run_id = r.id
           where r.workspace_id = g.workspace_id and r.goal_id = g.id
           order by o.revision desc limit 1) as estimate
    from goalpost.goals g
   cross join lateral goalpost_private.goal_progress(g.id) p;

-- What waits for the caller: decisions and questions, the longest first, with exactly what is decided on. What is
-- decided with another, or has the caller's vote already, is not shown.
create view goalpost.inbox with (security_invoker = true) as
  select a.id as approval_id, a.workspace_id, a.goal_id, a.run_id, a.step_key, a.question, a.shown, a.required_role,
         a.requested_at, a.expires_at, g.title as goal_title, a.kind, a.call_number, c.tool,
         coalesce(a.edited, a.subject) as subject,
         coalesce(encode(sha256(convert_to(a.edited::text, 'UTF8')), 'hex'), a.subject_hash) as subject_hash,
         a.answer_schema, a.quorum, v.votes, a.escalates_at, a.escalates_to
    from goalpost.approvals a
    join goalpost.workflow_runs r on r.id = a.run_id
    left join goalpost.goals g on g.id = a.goal_id
    left join goalpost.tool_calls c on c.run_id = a.run_id and c.step_key = a.step_key and c.number = a.call_number
   cross join lateral (
     select count(*) filter (where o.subject_hash is not distinct from coalesce(
              encode(sha256(convert_to(a.edited::text, 'UTF8')), 'hex'), a.subject_hash)) as votes,
            coalesce(bool_or(o.user_id = (select auth.uid()) and o.subject_hash is not distinct from coalesce(
              encode(sha256(convert_to(a.edited::text, 'UTF8')), 'hex'), a.subject_hash)), false) as has_mine
       from goalpost.approval_votes o where o.approval_id = a.id) v
   where a.state = 'pending' and a.decided_with is null and not v.has_mine
     and goalpost_private.may_decide(a.workspace_id, a.required_role)
     and (a.requester_may_decide or r.user_id <> (select auth.uid()))
   order by a.requested_at;

-- What a goal has cost so far, its sub-goals not included.
create view goalpost.goal_costs with (security_invoker = true) as
  select u.workspace_id, u.goal_id, count(*) as calls, sum(u.input_tokens) as input_tokens,
         sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd
    from goalpost.usage_events u
   where u.goal_id is not null
   group by u.workspace_id, u.goal_id;

-- The same by whatever else people ask: the agent, the runbook, who asked, the day (UTC). One row per currency there
-- is: micro-dollars. What nobody knows counts as the most that it may have cost.
create view goalpost.agent_costs with (security_invoker = true) as
  select u.workspace_id, u.agent_id, a.name as agent, a.version, count(*) as calls, sum(u.input_tokens) as input_tokens,
         sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd
    from goalpost.usage_events u
    join goalpost.agents a on a.id = u.agent_id
   group by u.workspace_id, u.agent_id, a.name, a.version;

create view goalpost.runbook_costs with (security_invoker = true) as
  select u.workspace_id, r.runbook_id, b.name as runbook, b.version, count(distinct r.id) as runs, count(*) as calls,
         sum(u.input_tokens) as input_tokens, sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd
    from goalpost.usage_events u
    join goalpost.workflow_runs r on r.id = u.run_id
    join goalpost.runbooks b on b.id = r.runbook_id
   group by u.workspace_id, r.runbook_id, b.name, b.version;

create view goalpost.user_costs with (security_invoker = true) as
  select u.workspace_id, r.user_id, count(*) as calls, sum(u.input_tokens) as input_tokens,
         sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd
    from goalpost.usage_events u
    join goalpost.workflow_runs r on r.id = u.run_id
   group by u.workspace_id, r.user_id;

create view goalpost.day_costs with (security_invoker = true) as
  select u.workspace_id, (u.created_at at time zone 'UTC')::date as day, count(*) as calls, sum(u.input_tokens) as input_tokens,
         sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd
    from goalpost.usage_events u
   group by u.workspace_id, (u.created_at at time zone 'UTC')::date;

-- Nothing for anybody, then what each may.
revoke all on schema goalpost, goalpost_worker, goalpost_private from public;
revoke all on all tables in schema goalpost, goalpost_worker, goalpost_private from public, anon, authenticated, service_role;
revoke all on all sequences in schema goalpost, goalpost_worker, goalpost_private from public, anon, authenticated, service_role;
revoke all on all functions in schema goalpost, goalpost_worker, goalpost_private from public, anon, authenticated, service_role;

-- Rows: a member of the workspace reads them; nobody writes them but the functions. One policy per table.
do $$
declare
  v_table text;
begin
  foreach v_table in array array[
    'members', 'requests', 'goals', 'goal_criteria', 'workflow_runs', 'steps', 'step_attempts',
    'plan_revisions', 'approvals', 'agent_instances', 'usage_events', 'events', 'dead_letters', 'step_turns', 'tool_calls', 'mcp_servers', 'mcp_tools', 'writable_tables', 'approval_votes', 'corrections', 'budgets', 'budget_raises', 'memory_uses']
  loop
    execute format('alter table goalpost.%I enable row level security', v_table);
    execute format(
      'create policy members_read on goalpost.%I for select to authenticated
         using (workspace_id in (select goalpost_private.my_workspaces()))', v_table);
  end loop;

  -- Reference data: what is built in is for everybody who is signed in, a workspace's own for its members.
  foreach v_table in array array['agents', 'runbooks', 'tool_policies', 'rate_limits'] loop
    execute format('alter table goalpost.%I enable row level security', v_table);
    execute format(
      'create policy members_read on goalpost.%I for select to authenticated
         using (workspace_id is null or workspace_id in (select goalpost_private.my_workspaces()))', v_table);
  end loop;
end
$$;

alter table goalpost.workspaces enable row level security;
create policy members_read on goalpost.workspaces for select to authenticated
  using (id in (select goalpost_private.my_workspaces()));

alter table goalpost.project_admins enable row level security;
create policy own_row_read on goalpost.project_admins for select to authenticated
  using (user_id = (select auth.uid()));

-- What is remembered about a person is for that person.
alter table goalpost.memories enable row level security;
create policy members_read on goalpost.memories for select to authenticated
  using (workspace_id in (select goalpost_private.my_workspaces())
         and (scope <> 'user' or user_id = (select auth.uid())));
alter table goalpost.embedding_spaces enable row level security;
create policy signed_in_read on goalpost.embedding_spaces for select to authenticated
  using ((select auth.uid()) is not null);

alter table goalpost.tools enable row level security;
create policy signed_in_read on goalpost.tools for select to authenticated
  using ((select auth.uid()) is not null);

alter table goalpost.model_prices enable row level security;
create policy signed_in_read on goalpost.model_prices for select to authenticated
  using ((select auth.uid()) is not null);

alter table goalpost.runbook_facts enable row level security;
create policy readers_of_the_runbook_read on goalpost.runbook_facts for select to authenticated
  using (exists (select from goalpost.runbooks b where b.id = runbook_id));
alter table goalpost.agent_facts enable row level security;
create policy readers_of_the_agent_read on goalpost.agent_facts for select to authenticated
  using (exists (select from goalpost.agents a where a.id = agent_id));

-- Operations: wakes name no tenant.
alter table goalpost.wakes enable row level security;
create policy project_admins_read on goalpost.wakes for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.endpoints enable row level security;
create policy project_admins_read on goalpost_private.endpoints for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.limits enable row level security;
create policy project_admins_read on goalpost_private.limits for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.table_writes enable row level security;
create policy project_admins_read on goalpost_private.table_writes for select to authenticated
  using ((select goalpost_private.am_project_admin()));

alter table goalpost_private.limit_slots enable row level security;
create policy project_admins_read on goalpost_private.limit_slots for select to authenticated
  using ((select goalpost_private.am_project_admin()));

-- The one table that people insert into: their own request, in a workspace where they may ask, not yet looked at.
create policy members_ask on goalpost.requests for insert to authenticated
  with check (
    user_id = (select auth.uid()) and state = 'submitted'
    and workspace_id in (select goalpost_private.my_workspaces('member')));

grant usage on schema goalpost to authenticated;
grant select on all tables in schema goalpost to authenticated;
grant insert (workspace_id, question, idempotency_key, context, runbook, parameters, budget) on goalpost.requests to authenticated;
grant execute on all functions in schema goalpost to authenticated;

-- What the exposed functions, views and policies stand on.
grant usage on schema goalpost_private to authenticated;
grant execute on function
  goalpost_private.accept_requests(uuid, jsonb),
  goalpost_private.decide_approval(bigint, text, text, jsonb, jsonb, text),
  goalpost_private.read_inbox(uuid),
  goalpost_private.set_tool_policy(uuid, text, text, text, text, boolean, integer),
  goalpost_private.remove_tool_policy(uuid, text),
  goalpost_private.set_rate_limit(uuid, text, text, integer, integer),
  goalpost_private.set_workspace_limits(uuid, jsonb),
  goalpost_private.set_model_price(text, text, bigint, bigint, bigint, bigint, timestamptz, text),
  goalpost_private.cancel_request(bigint),
  goalpost_private.cancel_goal(bigint),
  goalpost_private.retry_dead_letter(bigint),
  goalpost_private.create_workspace(text),
  goalpost_private.add_member(uuid, uuid, text),
  goalpost_private.add_mcp_server(uuid, text, text, text),
  goalpost_private.approve_mcp_tool(uuid, text, text, text, jsonb),
  goalpost_private.remove_mcp_server(uuid, text),
  goalpost_private.my_workspaces(text),
  goalpost_private.am_project_admin(),
  goalpost_private.may_decide(uuid, text),
  goalpost_private.revoke_memory(bigint),
  goalpost_private.goal_progress(bigint)
  to authenticated;

-- The functions: their RPCs and nothing else.
grant usage on schema goalpost_worker to goalpost_worker;
grant execute on all functions in schema goalpost_worker to goalpost_worker;

-- The asker's SQL runs with the asker's rights: its functions belong to goalpost_asker, which has no others.
grant usage, create on schema goalpost_private to goalpost_asker;
alter function goalpost_private.run_query_as_asker(uuid, text[], text, integer, integer) owner to goalpost_asker;
alter function goalpost_private.write_rows_as_asker(uuid, text, text, text[], jsonb, text[]) owner to goalpost_asker;
revoke create on schema goalpost_private from goalpost_asker;
revoke all on function goalpost_private.run_query_as_asker(uuid, text[], text, integer, integer) from public;
grant execute on function goalpost_private.run_query_as_asker(uuid, text[], text, integer, integer) to postgres;
revoke all on function goalpost_private.write_rows_as_asker(uuid, text, text, text[], jsonb, text[]) from public;
grant execute on function goalpost_private.write_rows_as_asker(uuid, text, text, text[], jsonb, text[]) to postgres;

-- Live: what a page would watch. Row-level security holds for Realtime too.
do $$
begin
  if exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    alter publication supabase_realtime add table goalpost.events, goalpost.goals, goalpost.requests, goalpost.approvals;
  end if;
end
$$;
