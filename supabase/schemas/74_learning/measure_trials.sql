-- Trials of agents: a candidate works in one half of the requests (tries_candidate) until its outcomes decide.

-- Records the trial of an agent that a person began, as an improvement on trial. p_agent is a candidate.
create function goalpost_private.begin_trial(p_agent goalpost.agents, p_now timestamptz) returns void
language sql
set search_path = ''
as $$
  insert into goalpost.improvements
    (workspace_id, kind, title, change, fingerprint, evidence, state, agent_id, created_at, changed_at)
  values
    (p_agent.workspace_id, 'agent', format('Trial of %s, version %s', p_agent.name, p_agent.version),
     jsonb_strip_nulls(jsonb_build_object('name', p_agent.name, 'role', p_agent.role, 'model', p_agent.model,
       'tools', to_jsonb(p_agent.tools), 'max_turns', p_agent.max_turns, 'goal_type', p_agent.goal_type)),
     encode(sha256(convert_to(format('agent %s version %s', p_agent.name, p_agent.version), 'UTF8')), 'hex'), '{}', 'approved',
     p_agent.id, p_now, p_now)
  on conflict (workspace_id, kind, fingerprint) where state not in ('reverted', 'rejected') do nothing
$$;

-- Returns the verdict on a trial: better | worse | none, with the goal type in which the candidate is better if it is in
-- one alone, and the reason; nothing while the trial goes on. Better and worse: a posterior probability of 0.95 after
-- twenty goals each, or of 0.99 that it is worse after ten. After a hundred goals each without a verdict, the candidate
-- is better if it costs a tenth less and its success rate is not lower.
create function goalpost_private.judge_trial(
  p_outcomes jsonb, out verdict text, out goal_type text, out reason text
)
language plpgsql immutable
set search_path = ''
as $$
declare
  v_all record;
  v_type record;
begin
  select coalesce(sum(o.uses), 0)::bigint as uses, coalesce(sum(o.successes), 0)::bigint as successes, coalesce(sum(o.other_uses), 0)::bigint as other_uses,
         coalesce(sum(o.other_successes), 0)::bigint as other_successes, sum(o.cost_microusd) as cost, sum(o.other_cost_microusd) as other_cost,
         goalpost_private.probability_of_higher_rate(coalesce(sum(o.successes), 0)::bigint, coalesce(sum(o.uses), 0)::bigint,
           coalesce(sum(o.other_successes), 0)::bigint, coalesce(sum(o.other_uses), 0)::bigint) as probability
    into v_all
    from jsonb_populate_recordset(null::goalpost_private.trial_outcome, p_outcomes) o;
  reason := format('%s of %s goals with it were reached, %s of %s without', v_all.successes, v_all.uses, v_all.other_successes,
                   v_all.other_uses);
  if least(v_all.uses, v_all.other_uses) >= 20 and v_all.probability >= 0.95 then
    verdict := 'better';
    return;
  end if;
  select o.* into v_type
    from jsonb_populate_recordset(null::goalpost_private.trial_outcome, p_outcomes) o
   where least(o.uses, o.other_uses) >= 20
     and goalpost_private.probability_of_higher_rate(o.successes, o.uses, o.other_successes, o.other_uses) >= 0.95
   order by o.uses desc;
  if least(v_all.uses, v_all.other_uses) >= 20 and v_all.probability <= 0.05
     or least(v_all.uses, v_all.other_uses) >= 10 and v_all.probability <= 0.01 then
    verdict := 'worse';
  elsif least(v_all.uses, v_all.other_uses) >= 100 then
    verdict := 'none';
    if v_all.successes * v_all.other_uses >= v_all.other_successes * v_all.uses
       and v_all.cost / v_all.uses <= 0.9 * v_all.other_cost / v_all.other_uses then
      verdict := 'better';
      reason := format('it costs $%s for each goal instead of $%s; ', round(v_all.cost / v_all.uses / 1e6, 4),
                       round(v_all.other_cost / v_all.other_uses / 1e6, 4)) || reason;
      return;
    end if;
  end if;
  if verdict is not null and v_type.goal_type is not null then
    verdict := 'better';
    goal_type := v_type.goal_type;
    reason := format('%s of %s goals of the type %s with it were reached, %s of %s without', v_type.successes, v_type.uses,
                     v_type.goal_type, v_type.other_successes, v_type.other_uses);
  elsif verdict = 'none' then
    reason := 'no difference was found: ' || reason;
  end if;
end
$$;

-- Measures the trials of a workspace, and ends those with a verdict: the candidate becomes the active version, for all
-- goals or for those of one type, or is retired. A trial whose candidate a person made active or retired has ended too.
-- Called by apply_analysis. Safe to repeat.
create function goalpost_private.measure_trials(p_workspace_id uuid, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_improvement goalpost.improvements;
  v_agent goalpost.agents;
  v_outcomes jsonb;
  v_judged record;
begin
  for v_improvement in
    select * from goalpost.improvements i
     where i.workspace_id = p_workspace_id and i.kind = 'agent' and i.state = 'approved' order by i.id
  loop
    select * into v_agent from goalpost.agents a where a.id = v_improvement.agent_id for update;
    select coalesce(jsonb_agg(to_jsonb(o) order by o.uses desc, o.goal_type), '[]') into v_outcomes
      from goalpost_private.outcomes_of_trial(v_agent, v_improvement.changed_at) o;
    v_judged := goalpost_private.judge_trial(v_outcomes);
    update goalpost.improvements i set measured = jsonb_build_object('outcomes', v_outcomes) where i.id = v_improvement.id;
    if v_agent.state is distinct from 'candidate' then
      v_judged.reason := 'decided by a person: ' || v_judged.reason;
    elsif v_judged.verdict is null then
      continue;
    elsif v_judged.verdict = 'better' then
      update goalpost.agents a set goal_type = coalesce(v_judged.goal_type, a.goal_type) where a.id = v_agent.id
      returning * into v_agent;
      update goalpost.improvements i
         set measured = i.measured || jsonb_build_object('replaced', (
               select a.id from goalpost.agents a
                where a.workspace_id = p_workspace_id and a.name = v_agent.name and a.state = 'active'
                  and a.goal_type is not distinct from v_agent.goal_type))
       where i.id = v_improvement.id;
      v_agent := goalpost_private.change_agent_state(v_agent, 'active');
    else
      v_agent := goalpost_private.change_agent_state(v_agent, 'retired');
    end if;
    update goalpost.improvements i
       set state = case v_agent.state when 'active' then 'kept' else 'reverted' end, reason = v_judged.reason, changed_at = p_now
     where i.id = v_improvement.id;
  end loop;
end
$$;
