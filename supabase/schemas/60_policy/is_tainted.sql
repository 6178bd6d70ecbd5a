-- Returns true if a step has read content from outside sources: by a call of its own, or in its inputs. Its inputs are
-- the results of its dependencies and of earlier revisions of its plan, what the steps of its sub-goal read, what the
-- step that delegated to it (or that it delegated to) read, in a sub-goal all inputs of the step above, and in the goal
-- of a request the inputs of its assessment, and of steps that ran before the goal. All steps of a rule's request have.
--
-- A call leaves a row in tool_calls on every path but one: a step of kind `tool` that only reads and that no policy or
-- limit concerns has none. The step's row is the record then: input names the tool, and goalpost.tools
-- (returns_untrusted) classifies the result. So the hot path writes nothing for taint. A failed call counts, since its
-- error contains the response of the other side; a call that was never made does not. A tool that is not in
-- goalpost.tools (an MCP server's, or a removed one) counts as returning untrusted content. The result of a control
-- tool states itself if it is untrusted ({"untrusted": true}).
create function goalpost_private.is_tainted(p_run_id bigint, p_step_key text) returns boolean
language sql stable
set search_path = ''
as $$
  -- is_given: only the inputs of that step count, not its results (a sub-goal's step, as seen from below).
  with recursive source (run_id, key, is_given) as (
    select p_run_id, p_step_key, false
    union
    select e.run_id, e.key, e.is_given
      from source o
      join goalpost.steps s on s.run_id = o.run_id and s.key = o.key
     cross join lateral (
       select s.run_id, d.key, false from unnest(s.depends_on) d (key)
       union all
       select r.run_id, r.key, false
         from goalpost.steps r where r.run_id = s.run_id and r.revision < s.revision and s.kind <> 'plan'
       union all
       select c.run_id, c.step_key, false from goalpost.tool_calls c where c.run_id = s.run_id and c.works_in_step = s.key
       union all
       select g.parent_run_id, g.parent_step_key, true
         from goalpost.workflow_runs r join goalpost.goals g on g.id = r.goal_id
        where r.id = s.run_id and g.parent_run_id is not null
       union all
       select f.run_id, f.key, false
         from goalpost.workflow_runs r
         join goalpost.goals g on g.id = r.goal_id
         join goalpost.steps f on f.run_id = r.root_run_id
        where r.id = s.run_id and g.parent_run_id is null and r.root_run_id <> r.id
       union all
       select c.run_id, c.works_in_step, false
         from goalpost.tool_calls c
        where not o.is_given and c.run_id = s.run_id and c.step_key = s.key and c.works_in_step is not null
       union all
       select below.run_id, below.key, false
         from goalpost.goals g
         join goalpost.workflow_runs r on r.workspace_id = g.workspace_id and r.goal_id = g.id
         join goalpost.steps below on below.run_id = r.id
        where not o.is_given and s.kind = 'subgoal' and g.parent_run_id = s.run_id and g.parent_step_key = s.key
     ) e (run_id, key, is_given)
  )
  select exists (
           select from source o
             join goalpost.tool_calls c on c.run_id = o.run_id and c.step_key = o.key
             left join goalpost.tools t on t.name = c.tool
            where not o.is_given and c.state in ('done', 'failed', 'unknown') and c.rule <> 'max_argument_bytes'
              and (coalesce(t.returns_untrusted, true) or c.result @> '{"untrusted": true}'))
      or exists (
           select from source o
             join goalpost.steps s on s.run_id = o.run_id and s.key = o.key
             left join goalpost.tools t on t.name = s.input ->> 'tool'
            where not o.is_given and s.kind = 'tool' and s.state in ('completed', 'failed')
              and coalesce(t.returns_untrusted, true))
      -- A memory that was written from such content taints every step that received it.
      or exists (
           select from source o
             join goalpost.memory_uses u on u.run_id = o.run_id and u.step_key = o.key
            where u.is_untrusted)
      -- An agent whose model received values of the project's tables has read them without a call.
      or exists (
           select from source o
             join goalpost_private.value_reads v on v.run_id = o.run_id and v.step_key = o.key
            where not o.is_given)
      -- The question of a rule's request contains text of the row that changed.
      or exists (
           select from goalpost.workflow_runs r
             join goalpost.requests q on q.workspace_id = r.workspace_id and q.id = r.request_id
            where r.id = p_run_id and q.rule_depth > 0)
$$;
