-- Returns the posterior probability, 0 to 1, that the first success rate is higher than the second, each with a uniform
-- prior: the closed form for two Beta distributions with whole parameters (E. Miller, Formulas for Bayesian A/B Testing,
-- 2015), summed by the ratio of its terms, as logarithms: a float that becomes too small is an error.
create function goalpost_private.probability_of_higher_rate(
  p_successes bigint, p_uses bigint, p_other_successes bigint, p_other_uses bigint
) returns double precision
language plpgsql immutable
set search_path = ''
as $$
declare
  v_failures constant bigint := greatest(p_uses - p_successes, 0);
  v_other_alpha constant double precision := p_other_successes + 1;
  v_other_both constant double precision := greatest(p_other_uses, p_other_successes) + 2;
  v_log_term double precision := 0;
  v_sum double precision := 0;
begin
  for v_place in 0 .. v_failures loop
    v_log_term := v_log_term + ln((v_other_both - v_other_alpha + v_place) / (v_other_both + v_place));
  end loop;
  for v_place in 0 .. p_successes loop
    v_sum := v_sum + case when v_log_term > -100 then exp(v_log_term) else 0 end;
    v_log_term := v_log_term + ln((v_other_alpha + v_place) / (v_other_both + v_failures + 1 + v_place)
                                  * (v_failures + 1 + v_place) / (1 + v_place));
  end loop;
  return least(greatest(v_sum, 0), 1);
end
$$;

-- Returns the outcomes of the goals of a workspace in which an agent on trial worked since the trial began, and of those
-- in which another version of it did, by goal type: a goal counts where it was reached and not rated bad, with the cost
-- of its request. The latest 2000 goals. A request is worked on by one of the two alone (tries_candidate).
create function goalpost_private.outcomes_of_trial(p_agent goalpost.agents, p_since timestamptz)
returns setof goalpost_private.trial_outcome
language sql stable
set search_path = ''
as $$
  with worked as materialized (
    select r.request_id, r.root_run_id, bool_or(a.id = p_agent.id) as is_candidate
      from goalpost.agents a
      join goalpost.agent_instances i on i.agent_id = a.id and i.workspace_id = p_agent.workspace_id and i.opened_at >= p_since
      join goalpost.workflow_runs r on r.id = i.run_id
     where a.name = p_agent.name and (a.workspace_id = p_agent.workspace_id or a.workspace_id is null)
     group by r.request_id, r.root_run_id
     order by r.root_run_id desc limit 2000
  ),
  ended as (
    select g.goal_type, w.is_candidate,
           g.state = 'completed' and not exists (
             select from goalpost_private.rating_effects e
              where e.workspace_id = g.workspace_id and e.goal_id = g.id and e.effect < 0) as is_success,
           (select coalesce(sum(u.cost_microusd), 0)
              from goalpost.workflow_runs t join goalpost.usage_events u on u.run_id = t.id
             where t.workspace_id = g.workspace_id and t.root_run_id = w.root_run_id) as cost
      from worked w
      join goalpost.goals g on g.request_id = w.request_id and g.parent_goal_id is null
     where g.workspace_id = p_agent.workspace_id and g.state in ('completed', 'failed')
  )
  select e.goal_type, count(*) filter (where e.is_candidate), count(*) filter (where e.is_candidate and e.is_success),
         coalesce(sum(e.cost) filter (where e.is_candidate), 0)::bigint,
         count(*) filter (where not e.is_candidate), count(*) filter (where not e.is_candidate and e.is_success),
         coalesce(sum(e.cost) filter (where not e.is_candidate), 0)::bigint
    from ended e
   group by e.goal_type
$$;
