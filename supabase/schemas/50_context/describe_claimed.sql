-- Returns the part of the context that all steps of a run share; it is computed once per run and claim.
create function goalpost_private.context_of_run(p_run goalpost.workflow_runs) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
             'question', q.question, 'parameters', p_run.parameters,
             'goal', goalpost_private.describe_goal(p_run.goal_id),
             'readable_schemas', goalpost_private.readable_schemas(p_run.workspace_id, p_run.user_id))
      from goalpost.requests q where q.id = p_run.request_id);
end
$$;

-- Returns the egress policy for tools that act outside; {} if p_tools contains none.
create function goalpost_private.context_of_egress(p_workspace_id uuid, p_tools text[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  if not p_tools && array['webhook', 'http', 'email'] then
    return '{}';
  end if;
  return (
    select case when 'webhook' = any (p_tools) then jsonb_build_object('webhook_hosts', w.webhook_hosts) else '{}' end
           || jsonb_build_object('reach', jsonb_build_object(
             'http_hosts', w.http_hosts, 'email_domains', w.email_domains,
             'webhooks_signed', w.webhooks_signed or exists (
               select from vault.secrets s where s.name = 'goalpost_webhook_' || w.id::text)))
      from goalpost.workspaces w where w.id = p_workspace_id);
end
$$;

-- Returns the agent part of a claimed step's context: its row, its tools, the egress policy, and the tables, if it can
-- read or write them and does not follow a procedure, which needs none. p_run_context is the context of the run.
create function goalpost_private.context_of_agent(p_step goalpost.steps, p_run_context jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
  select jsonb_build_object(
           'agent', to_jsonb(a) - 'workspace_id' - 'state' - 'created_at' - 'id',
           'tools', goalpost_private.describe_tools(p_step.workspace_id, a.tools))
         || goalpost_private.context_of_egress(p_step.workspace_id, a.tools)
         || goalpost_private.context_of_memory(p_step.workspace_id)
         || case when 'sql' = any (a.tools) and coalesce(p_step.input -> 'procedure', '[]') = '[]'
                      and (select w.common_values from goalpost.workspaces w where w.id = p_step.workspace_id)
                 then '{"reads_values": true}'::jsonb else '{}' end
         || case when a.tools && array['sql', 'table_write'] and coalesce(p_step.input -> 'procedure', '[]') = '[]'
                 then goalpost_private.readable_tables(p_step.workspace_id, concat_ws(
                        ' ', p_step.title, p_step.input ->> 'instructions', p_run_context ->> 'question',
                        p_run_context #>> '{goal,title}', p_run_context #>> '{goal,description}'))
                 else '{}' end
    from goalpost.agents a where a.id = p_step.agent_id);
end
$$;

-- Returns true if a step has rows in its journal, or failed attempts that its worker should read. A first claim never
-- has, and needs no query.
create function goalpost_private.is_journaled(p_step goalpost.steps) returns boolean
language sql stable
set search_path = ''
as $$
  select p_step.lease_epoch > 1 and (
           p_step.attempt > 1 and p_step.kind <> 'tool'
           or exists (select from goalpost.step_turns t where t.run_id = p_step.run_id and t.step_key = p_step.key)
           or exists (select from goalpost.tool_calls c where c.run_id = p_step.run_id and c.step_key = p_step.key))
$$;

-- Returns the reply to a claim: a jsonb array of steps with their contexts, as many as fit into one reply
-- (max_claim_bytes), but always the first.
create function goalpost_private.describe_claimed(p_steps goalpost.steps[], p_now timestamptz) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
  with run as materialized (
    select r as run, goalpost_private.context_of_run(r) as context
      from goalpost.workflow_runs r where r.id in (select s.run_id from unnest(p_steps) s)
  ),
  described as (
    select s.ordinality as number,
           jsonb_build_object(
             'run_id', s.run_id, 'step_key', s.key, 'kind', s.kind, 'title', s.title,
             'lease_epoch', s.lease_epoch, 'attempt', s.attempt, 'max_attempts', s.max_attempts,
             'timeout_seconds', s.timeout_seconds, 'workspace_id', s.workspace_id,
             'goal_id', (r.run).goal_id, 'request_id', (r.run).request_id, 'input', s.input,
             'context', r.context || d.context || jsonb_build_object('now', p_now)
                        || case when s.kind in ('assess', 'plan') or s.kind = 'agent' and coalesce(s.input -> 'procedure', '[]') = '[]'
                                then goalpost_private.context_of_workspace(r.run, p_now) else '{}' end
                        || case when s.lease_epoch > 1 and goalpost_private.is_journaled(p_steps[s.ordinality])
                                  or s.kind = 'tool' and goalpost_private.is_regulated(s.workspace_id, s.input ->> 'tool')
                                then '{"journaled": true}' else '{}'::jsonb end
             ) as step
      from unnest(p_steps) with ordinality s
      join run r on (r.run).id = s.run_id
     cross join lateral (
       select jsonb_build_object('steps', goalpost_private.dependency_results(s.run_id, s.depends_on))
              || case when s.agent_id is not null then goalpost_private.context_of_agent(p_steps[s.ordinality], r.context)
                           || goalpost_private.failed_dependencies(s.run_id, s.depends_on)
                      else goalpost_private.context_of_egress(s.workspace_id, array[s.input ->> 'tool']) end as context
        where s.kind in ('agent', 'tool')
        union all
       select goalpost_private.step_context(p_steps[s.ordinality], r.run) where s.kind not in ('agent', 'tool')) d
  )
  select coalesce(jsonb_agg(f.step order by f.number), '[]')
    from (select d.*, sum(pg_column_size(d.step)) over (order by d.number) as reply_bytes from described d) f
   where f.number = 1 or f.reply_bytes <= (select l.max_claim_bytes from goalpost_private.limits l));
end
$$;
