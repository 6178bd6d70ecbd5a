-- What a claimed step is told (step_context), and how runbooks are matched to a question.

-- The lexemes of a text, without order: what text matching compares.
create function goalpost_private.lexemes(p_text text) returns text[]
language sql immutable
set search_path = ''
as $$
  select tsvector_to_array(to_tsvector('pg_catalog.english', p_text))
$$;

-- How well a question fits a runbook, 0 to 1: 0.6 × the best cosine of word sets over the title and the examples,
-- + 0.4 × the share of the question's words that the runbook knows at all; half of that where they share one word
-- alone, because "write a poem" is not "write the weekly review".
create function goalpost_private.score_runbook(p_question text[], p_runbook goalpost.runbooks) returns numeric
language sql immutable
set search_path = ''
as $$
  -- Materialized: each text is taken apart once, not once per word.
  with phrase as materialized (
    select goalpost_private.lexemes(t) as words
      from unnest(p_runbook.examples || p_runbook.title) t
  ),
  known as materialized (
    select goalpost_private.lexemes(
             concat_ws(' ', p_runbook.title, p_runbook.description, replace(p_runbook.goal_type, '_', ' '),
                       array_to_string(p_runbook.examples, ' '))) as words
  ),
  best as (
    select max(o.shared / sqrt(cardinality(p.words)::numeric * cardinality(p_question))) as cosine
      from phrase p
     cross join lateral (select count(*)::numeric as shared from unnest(p.words) w where w = any (p_question)) o
     where cardinality(p.words) > 0
  )
  select case when cardinality(p_question) = 0 then 0 else
           round((0.6 * coalesce((select cosine from best), 0) + 0.4 * s.shared / cardinality(p_question))
                 * least(1, s.shared / 2), 3) end
    from known k
   cross join lateral (select count(*)::numeric as shared from unnest(p_question) q where q = any (k.words)) s
$$;

-- Runbooks for a question, best first, at most five, with the words that speak for each and whether this person
-- may use it. What makes a question is said in its first 4000 characters; the rest is not looked at, since every
-- claim of an assessment or a plan waits for this.
create function goalpost_private.match_runbooks(p_question text, p_workspace_id uuid, p_user_id uuid)
returns table (runbook_id bigint, name text, version integer, title text, goal_type text, score numeric, reasons jsonb,
               allowed boolean, refusal text, plan jsonb)
language sql stable
set search_path = ''
as $$
  with question as materialized (select goalpost_private.lexemes(left(p_question, 4000)) as words),
  known as materialized (
    select b, goalpost_private.lexemes(concat_ws(' ', b.title, b.description, array_to_string(b.examples, ' '))) as words
      from goalpost.runbooks b
     where b.state = 'active' and (b.workspace_id is null or b.workspace_id = p_workspace_id)
  ),
  scored as (
    select b, goalpost_private.score_runbook(q.words, b) as score,
           (select coalesce(jsonb_agg(w order by w), '[]') from unnest(q.words) w where w = any (k.words)) as shared
      from question q, known k
  )
  select (b).id, (b).name, (b).version, (b).title, (b).goal_type, score,
         jsonb_build_array('shared words: ' || coalesce((select string_agg(w, ', ') from jsonb_array_elements_text(shared) w), 'none')),
         r.refusal is null, r.refusal, (b).plan
    from scored
   cross join lateral (select goalpost_private.runbook_refusal(b, p_user_id) as refusal) r
   where score > 0
   order by score desc, (b).name
   limit 5
$$;

-- The same for a goal's run: its title and description stand in for the question; at the root, the question itself.
create function goalpost_private.match_runbooks_of_run(p_run goalpost.workflow_runs)
returns table (runbook_id bigint, name text, version integer, title text, goal_type text, score numeric, reasons jsonb,
               allowed boolean, refusal text, plan jsonb)
language sql stable
set search_path = ''
as $$
  select m.*
    from goalpost.goals g
    join goalpost.requests q on q.id = g.request_id
   cross join lateral goalpost_private.match_runbooks(
     case when g.parent_goal_id is null then q.question else g.title || ' ' || g.description end,
     p_run.workspace_id, p_run.user_id) m
   where g.id = p_run.goal_id
$$;

-- Schemas that the asker's SQL may name: the workspace's; for a project admin the catalog too.
create function goalpost_private.readable_schemas(p_workspace_id uuid, p_user_id uuid) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return (
  select w.readable_schemas
         || case when exists (select from goalpost.project_admins a where a.user_id = p_user_id)
                 then array['pg_catalog', 'information_schema'] else '{}' end
    from goalpost.workspaces w where w.id = p_workspace_id);
end
$$;

-- Tables of the workspace's schemas that signed-in people may read, with their columns: what a planner may build on.
create function goalpost_private.readable_tables(p_workspace_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'schema', t.schema, 'name', t.name, 'estimated_rows', t.estimated_rows, 'columns', t.columns)
           order by t.schema, t.name), '[]')
    from (
      select n.nspname as schema, c.relname as name, greatest(c.reltuples, 0)::bigint as estimated_rows,
             (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
                               order by a.attnum)
                from pg_catalog.pg_attribute a
               where a.attrelid = c.oid and a.attnum between 1 and 40 and not a.attisdropped) as columns
        from goalpost.workspaces w
        join pg_catalog.pg_namespace n on n.nspname = any (w.readable_schemas)
        join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm')
       where w.id = p_workspace_id and has_table_privilege('authenticated', c.oid, 'select')
       order by n.nspname, c.relname
       limit 60) t
$$;

-- How tools are described to a model: those of these names; null: all that a step may be, which control tools are not.
create function goalpost_private.describe_tools(p_workspace_id uuid, p_names text[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  -- Most agents have none of a server's tools, and then servers need not be looked at.
  if not exists (select from unnest(p_names) n where starts_with(n, 'mcp.')) and p_names is not null then
    return (select coalesce(jsonb_agg(to_jsonb(t) order by t.name), '[]') from goalpost.tools t where t.name = any (p_names));
  end if;
  return (
    select coalesce(jsonb_agg(to_jsonb(t) order by t.name), '[]') from goalpost_private.tools_of(p_workspace_id) t
     where case when p_names is null then not t.control else t.name = any (p_names) end);
end
$$;

create function goalpost_private.describe_goal(p_goal_id bigint) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
  select jsonb_build_object(
           'goal_id', g.id, 'title', g.title, 'description', g.description, 'goal_type', g.goal_type,
           'depth', g.depth, 'context', g.context,
           'criteria', (select coalesce(jsonb_agg(jsonb_build_object(
                                  'number', c.number, 'description', c.description, 'check', c.check_expression)
                                  order by c.number), '[]')
                          from goalpost.goal_criteria c where c.goal_id = g.id))
    from goalpost.goals g where g.id = p_goal_id);
end
$$;

-- How the steps of a run ended, for a judge or for planning again. Where not all results fit, those of the newest
-- revision are told, and the smallest.
create function goalpost_private.describe_steps(p_run_id bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'key', s.key, 'kind', s.kind, 'title', s.title, 'state', s.state,
           'result', goalpost_private.fitting_result(s.result, s.told_bytes), 'error', s.error)
           order by s.revision, s.ended_at, s.key), '[]')
    from (
      select *, coalesce(sum(octet_length(result::text))
                  over (order by revision desc, octet_length(result::text), key), 0) as told_bytes
        from goalpost.steps
       where run_id = p_run_id and kind not in ('assess', 'plan', 'judge')) s
$$;

create function goalpost_private.context_to_assess(p_run goalpost.workflow_runs) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'context', q.context,
           'runbooks', (select coalesce(jsonb_agg(to_jsonb(m) - 'plan' order by m.score desc), '[]')
                          from goalpost_private.match_runbooks(q.question, q.workspace_id, q.user_id) m),
           'tools', goalpost_private.describe_tools(q.workspace_id, null),
           'tables', goalpost_private.readable_tables(q.workspace_id))
    from goalpost.requests q where q.id = p_run.request_id
$$;

create function goalpost_private.context_to_plan(p_step goalpost.steps, p_run goalpost.workflow_runs) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'runbooks', (select coalesce(jsonb_agg(to_jsonb(m) order by m.score desc), '[]')
                          from goalpost_private.match_runbooks_of_run(p_run) m),
           'agents', (select coalesce(jsonb_agg(jsonb_build_object('name', a.name, 'role', a.role, 'tools', a.tools)), '[]')
                        from goalpost_private.agents_of(p_run.workspace_id) a),
           'tools', goalpost_private.describe_tools(p_run.workspace_id, null),
           'tables', goalpost_private.readable_tables(p_run.workspace_id),
           'limits', (select to_jsonb(l) - 'only_row' from goalpost_private.limits l),
           'taken_keys', (select coalesce(jsonb_agg(s.key), '[]') from goalpost.steps s where s.run_id = p_run.id),
           'revision', p_run.revision + 1,
           'previous', case when p_run.revision > 0 or p_step.input ? 'reason' then jsonb_build_object(
             'reason', p_step.input -> 'reason',
             'verdicts', (select coalesce(jsonb_agg(to_jsonb(c) - 'workspace_id' order by c.number), '[]')
                            from goalpost.goal_criteria c where c.goal_id = p_run.goal_id),
             'steps', goalpost_private.describe_steps(p_run.id)) end)
$$;

create function goalpost_private.context_to_judge(p_run goalpost.workflow_runs) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'criteria', goalpost_private.describe_goal(p_run.goal_id) -> 'criteria',
           'steps', goalpost_private.describe_steps(p_run.id),
           'report', p_run.report,
           'revision', p_run.revision,
           'max_revisions', (select l.max_revisions from goalpost_private.limits l),
           'usage', (select jsonb_build_object(
                              'calls', count(*) filter (where u.provider <> 'offline'),
                              'input_tokens', coalesce(sum(u.input_tokens), 0),
                              'output_tokens', coalesce(sum(u.output_tokens), 0),
                              'cost_microusd', coalesce(sum(u.cost_microusd), 0))
                       from goalpost.usage_events u
                      where u.workspace_id = p_run.workspace_id and u.goal_id = p_run.goal_id))
$$;

-- Whether there is anything that a step might be told of what is remembered: without it, it does not ask.
create function goalpost_private.context_of_memory(p_workspace_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select case when exists (select from goalpost.memories m where m.workspace_id = p_workspace_id)
              then '{"remembers": true}'::jsonb else '{}' end
$$;

-- What the worker of an assessment, a plan or a judgement has to know, beyond what it is told of the run.
create function goalpost_private.step_context(p_step goalpost.steps, p_run goalpost.workflow_runs) returns jsonb
language sql stable
set search_path = ''
as $$
  select case p_step.kind
    when 'assess' then goalpost_private.context_to_assess(p_run)
    when 'plan' then goalpost_private.context_to_plan(p_step, p_run) || goalpost_private.context_of_memory(p_run.workspace_id)
    when 'judge' then goalpost_private.context_to_judge(p_run)
  end
$$;

-- What every worker is told of the run: told once per run, whatever the number of its steps.
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

-- Where tools may go that act outside: told only where there is a use for it.
create function goalpost_private.context_of_reach(p_workspace_id uuid, p_tools text[]) returns jsonb
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

-- Which of an agent's tools somebody has said something of: calls of them go through the journal although they only read
-- and no model asks for them (a procedure's).
create function goalpost_private.context_of_rules(p_workspace_id uuid, p_tools text[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_regulated constant text[] := array(
    select t from unnest(p_tools) t where goalpost_private.is_regulated(p_workspace_id, t));
begin
  return case when v_regulated = '{}' then '{}' else jsonb_build_object('regulated', v_regulated) end;
end
$$;

-- What the worker of an agent's step is told of the agent.
create function goalpost_private.context_of_agent(p_agent_id bigint, p_workspace_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'agent', to_jsonb(a) - 'workspace_id' - 'state' - 'created_at' - 'id',
           'tools', goalpost_private.describe_tools(p_workspace_id, a.tools))
         || goalpost_private.context_of_reach(p_workspace_id, a.tools)
         || goalpost_private.context_of_memory(p_workspace_id)
         || goalpost_private.context_of_rules(p_workspace_id, a.tools)
    from goalpost.agents a where a.id = p_agent_id
$$;

-- All that workers are told about the steps they claimed, contexts included: a jsonb array, as many as fit into one
-- reply (max_claim_bytes), but the first whatever its size.
create function goalpost_private.describe_claimed(p_steps goalpost.steps[], p_now timestamptz) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
  with run as materialized (
    select r as run, goalpost_private.context_of_run(r) as told
      from goalpost.workflow_runs r where r.id in (select s.run_id from unnest(p_steps) s)
  ),
  described as (
    select s.ordinality as number,
           jsonb_build_object(
             'run_id', s.run_id, 'step_key', s.key, 'kind', s.kind, 'title', s.title,
             'lease_epoch', s.lease_epoch, 'attempt', s.attempt, 'max_attempts', s.max_attempts,
             'timeout_seconds', s.timeout_seconds, 'workspace_id', s.workspace_id,
             'goal_id', (r.run).goal_id, 'request_id', (r.run).request_id, 'input', s.input,
             'context', r.told || d.told || jsonb_build_object('now', p_now)
                        || case when s.lease_epoch > 1 and goalpost_private.is_journaled(p_steps[s.ordinality])
                                  or s.kind = 'tool' and goalpost_private.is_regulated(s.workspace_id, s.input ->> 'tool')
                                then '{"journaled": true}' else '{}'::jsonb end
             ) as told
      from unnest(p_steps) with ordinality s
      join run r on (r.run).id = s.run_id
     cross join lateral (
       select jsonb_build_object('steps', goalpost_private.dependency_results(s.run_id, s.depends_on))
              || case when s.agent_id is not null then goalpost_private.context_of_agent(s.agent_id, s.workspace_id)
                      else goalpost_private.context_of_reach(s.workspace_id, array[s.input ->> 'tool']) end as told
        where s.kind in ('agent', 'tool')
        union all
       select goalpost_private.step_context(p_steps[s.ordinality], r.run) where s.kind not in ('agent', 'tool')) d
  )
  select coalesce(jsonb_agg(f.told order by f.number), '[]')
    from (select d.*, sum(pg_column_size(d.told)) over (order by d.number) as told_bytes from described d) f
   where f.number = 1 or f.told_bytes <= (select l.max_claim_bytes from goalpost_private.limits l));
end
$$;
