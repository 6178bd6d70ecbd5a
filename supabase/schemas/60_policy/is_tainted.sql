-- Whether a step has read what others wrote: by a call of its own, or through what it was given: by the steps it waited
-- for, by earlier revisions of its plan, by a sub-goal's own steps, by what the goal above handed down, by a step that
-- works for one of its calls (or that it works for), and all of these again. What a control tool brings back says of
-- itself whether it is trusted ({"untrusted": true}).
create function goalpost_private.is_tainted(p_run_id bigint, p_step_key text) returns boolean
language sql stable
set search_path = ''
as $$
  with recursive source (run_id, key) as (
    select p_run_id, p_step_key
    union
    select e.run_id, e.key
      from source o
      join goalpost.steps s on s.run_id = o.run_id and s.key = o.key
     cross join lateral (
       select s.run_id, d.key from unnest(s.depends_on) d (key)
       union all
       select r.run_id, r.key from goalpost.steps r where r.run_id = s.run_id and r.revision < s.revision and s.kind <> 'plan'
       union all
       select below.run_id, below.key
         from goalpost.goals g
         join goalpost.workflow_runs r on r.workspace_id = g.workspace_id and r.goal_id = g.id
         join goalpost.steps below on below.run_id = r.id
        where s.kind = 'subgoal' and g.parent_run_id = s.run_id and g.parent_step_key = s.key
       union all
       select above.run_id, d.key
         from goalpost.workflow_runs r
         join goalpost.goals g on g.id = r.goal_id
         join goalpost.steps above on above.run_id = g.parent_run_id and above.key = g.parent_step_key
        cross join lateral unnest(above.depends_on) d (key)
        where r.id = s.run_id
       union all
       select c.run_id, case c.works_in_step when s.key then c.step_key else c.works_in_step end
         from goalpost.tool_calls c
        where c.run_id = s.run_id and c.works_in_step is not null and s.key in (c.step_key, c.works_in_step)) e
  )
  select exists (
           select from source o
             join goalpost.tool_calls c on c.run_id = o.run_id and c.step_key = o.key
             left join goalpost.tools t on t.name = c.tool
            -- What somebody's server answers is never vouched for.
            where c.state = 'done' and (t.returns_untrusted or c.tool like 'mcp.%' or c.result @> '{"untrusted": true}'))
      or exists (
           select from source o
             join goalpost.steps s on s.run_id = o.run_id and s.key = o.key
             left join goalpost.tools t on t.name = s.input ->> 'tool'
            where s.kind = 'tool' and s.state = 'completed'
              and (t.returns_untrusted or s.input ->> 'tool' like 'mcp.%'))
      -- What a step remembered of such content, it remembered for others.
      or exists (
           select from source o
             join goalpost.memory_uses u on u.run_id = o.run_id and u.step_key = o.key
             join goalpost.memories m on m.workspace_id = u.workspace_id and m.id = u.memory_id
            where m.trust = 'untrusted')
$$;
