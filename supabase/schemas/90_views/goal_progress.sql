-- Returns the progress of a goal, 0 to 1, and its parts. Every step of its run counts one, plan and judge among them: 1
-- when it ended (completed, skipped or failed), a sub-goal's own progress while it is under way, else 0. A run that
-- plans again gets more steps, so progress may decrease. A goal that ended has 1.
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
         -- The estimated cost of its newest plan before it began.
         (select o.estimate from goalpost.workflow_runs r
            join goalpost.plan_revisions o on o.workspace_id = r.workspace_id and o.run_id = r.id
           where r.workspace_id = g.workspace_id and r.goal_id = g.id
           order by o.revision desc limit 1) as estimate
    from goalpost.goals g
   cross join lateral goalpost_private.goal_progress(g.id) p;
comment on view goalpost.goal_progress is
  'The progress of each goal, from 0 to 1, with an explanation and the estimate of its newest plan.';
