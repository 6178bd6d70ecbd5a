-- Inserts the version of a runbook that an improvement proposes, as a candidate or as the active one. A name that a
-- person's or a built-in runbook has gets an ending, so that it replaces neither. Returns its id.
create function goalpost_private.apply_learned_runbook(
  p_improvement goalpost.improvements, p_runbook jsonb, p_state text, p_now timestamptz
) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_name text := p_runbook ->> 'name';
  v_runbook goalpost.runbooks;
begin
  if exists (select from goalpost.runbooks b
              where b.name = v_name and (b.workspace_id is null or b.workspace_id = p_improvement.workspace_id) and b.author <> 'analyzer') then
    v_name := left(v_name, 80) || '-learned';
  end if;
  perform pg_advisory_xact_lock(hashtextextended(format('goalpost.runbook %s %s', p_improvement.workspace_id, v_name), 0));
  insert into goalpost.runbooks
    (workspace_id, name, version, title, description, goal_type, examples, parameters, budget, plan, state, author,
     induced_from, created_at)
  values
    (p_improvement.workspace_id, v_name,
     1 + coalesce((select max(b.version) from goalpost.runbooks b
                    where b.workspace_id = p_improvement.workspace_id and b.name = v_name), 0),
     p_runbook ->> 'title', p_runbook ->> 'description', coalesce(p_runbook ->> 'goal_type', replace(v_name, '-', '_')),
     array(select jsonb_array_elements_text(coalesce(p_runbook -> 'examples', '[]'))), coalesce(p_runbook -> 'parameters', '{}'),
     coalesce(p_runbook -> 'budget', '{}'), p_runbook -> 'plan', 'candidate', 'analyzer',
     array(select jsonb_array_elements_text(coalesce(p_improvement.evidence -> 'runs', '[]'))::bigint), p_now)
  returning * into v_runbook;
  if p_state = 'active' then
    perform goalpost_private.change_runbook_state(v_runbook, 'active');
  end if;
  return v_runbook.id;
end
$$;

-- Puts an improvement into effect, with the proposed change or a person's version of it: proposed -> applied, or
-- approved (a runbook on trial; an agent, which is always tried first).
create function goalpost_private.apply_improvement(
  p_improvement goalpost.improvements, p_change jsonb, p_state text, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_runbook_id bigint;
  v_agent_id bigint;
  v_memory_id bigint;
  v_policy_name text;
begin
  case p_improvement.kind
    when 'runbook' then
      v_runbook_id := goalpost_private.apply_learned_runbook(
        p_improvement, p_change, case p_state when 'approved' then 'candidate' else 'active' end, p_now);
    when 'agent' then
      v_agent_id := (d.agent).id from goalpost_private.add_agent_version(
        p_improvement.workspace_id, p_change, 'candidate', 'analyzer') d;
    when 'lesson' then
      insert into goalpost.memories (workspace_id, scope, kind, title, text, trust, created_at, expires_at)
      select p_improvement.workspace_id, 'workspace', 'lesson', p_change ->> 'title', p_change ->> 'text', p_change ->> 'trust',
             p_now, p_now + l.memory_lifetime
        from goalpost_private.limits l
      returning id into v_memory_id;
    when 'policy' then
      v_policy_name := left('learned: ' || (p_change ->> 'tool'), 100);
      insert into goalpost.tool_policies (workspace_id, name, tool, effect)
      values (p_improvement.workspace_id, v_policy_name, p_change ->> 'tool', p_change ->> 'effect')
      on conflict on constraint one_policy_of_a_name do update set effect = excluded.effect;
    else
      null;
  end case;
  update goalpost.improvements i
     set state = case p_improvement.kind when 'agent' then 'approved' else p_state end, change = p_change,
         runbook_id = v_runbook_id, agent_id = v_agent_id, memory_id = v_memory_id, policy_name = v_policy_name,
         changed_at = p_now
   where i.id = p_improvement.id;
end
$$;

-- Retires a version of an agent. If it was active, the version that it replaced at the end of its trial is active again.
create function goalpost_private.take_back_agent(p_agent goalpost.agents, p_replaced_id bigint) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform goalpost_private.change_agent_state(p_agent, 'retired');
  if p_agent.state = 'active' then
    perform goalpost_private.change_agent_state(a, 'active') from goalpost.agents a where a.id = p_replaced_id;
  end if;
end
$$;

-- Takes an improvement back: its runbook or agent is retired, its lesson revoked, its policy deleted. The version of an
-- agent that it replaced works again. -> reverted
create function goalpost_private.take_back_improvement(
  p_improvement goalpost.improvements, p_reason text, p_measured jsonb, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.runbooks b set state = 'retired' where b.id = p_improvement.runbook_id and b.state in ('candidate', 'active');
  perform goalpost_private.take_back_agent(a, (p_improvement.measured ->> 'replaced')::bigint)
     from goalpost.agents a where a.id = p_improvement.agent_id;
  update goalpost.memories m set trust = 'revoked'
   where m.workspace_id = p_improvement.workspace_id and m.id = p_improvement.memory_id;
  delete from goalpost.tool_policies t
   where t.workspace_id = p_improvement.workspace_id and t.name = p_improvement.policy_name;
  update goalpost.improvements i
     set state = 'reverted', reason = p_reason, measured = coalesce(p_measured, i.measured), changed_at = p_now
   where i.id = p_improvement.id;
end
$$;

-- Applies a person's decision on a proposal, or its expiry: proposed -> applied | rejected. Raises ZG003 if the proposal
-- is not valid any more, for example because it names an agent that was retired since.
create function goalpost_private.apply_improvement_decision(p_approval goalpost.approvals, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_improvement goalpost.improvements;
  v_problem text;
begin
  select * into v_improvement from goalpost.improvements i
   where i.workspace_id = p_approval.workspace_id and i.approval_id = p_approval.id and i.state = 'proposed'
     for update;
  if not found then
    return;
  end if;
  if p_approval.state = 'approved' then
    v_problem := goalpost_private.improvement_problem(
      v_improvement.workspace_id, v_improvement.kind, coalesce(p_approval.edited, v_improvement.change));
    if v_problem is not null then
      perform goalpost_private.refuse('ZG003', left(v_problem, 4000), 'approve an edited version, or reject it');
    end if;
    perform goalpost_private.apply_improvement(v_improvement, coalesce(p_approval.edited, v_improvement.change), 'applied', p_now);
  else
    update goalpost.improvements i
       set state = 'rejected', changed_at = p_now,
           reason = case p_approval.state when 'expired' then 'no decision was made in time' else nullif(p_approval.comment, '') end
     where i.id = v_improvement.id;
  end if;
end
$$;

-- Takes an improvement back as the caller, or dismisses a finding, for which no approval waits:
-- {"improvement_id", "state"}. By admins. Safe to repeat. Raises ZG001, ZG002, ZG004 (not in effect). Definer: people may
-- not write improvements.
create function goalpost_private.revert_improvement(p_improvement_id bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_improvement goalpost.improvements;
  v_now constant timestamptz := goalpost_private.clock();
begin
  select * into v_improvement from goalpost.improvements i where i.id = p_improvement_id;
  perform goalpost_private.require_role(v_improvement.workspace_id, 'admin');
  select * into v_improvement from goalpost.improvements i where i.id = p_improvement_id for update;
  if v_improvement.kind = 'finding' then
    update goalpost.improvements i set state = 'rejected', reason = 'dismissed by a person', changed_at = v_now
     where i.id = p_improvement_id and i.state = 'proposed';
    return jsonb_build_object('improvement_id', p_improvement_id, 'state', 'rejected');
  elsif v_improvement.state in ('proposed', 'rejected') then
    perform goalpost_private.refuse('ZG004', format('this improvement is %s', v_improvement.state),
      'only what has taken effect can be taken back');
  elsif v_improvement.state <> 'reverted' then
    perform goalpost_private.take_back_improvement(v_improvement, 'taken back by a person', null, v_now);
  end if;
  return jsonb_build_object('improvement_id', p_improvement_id, 'state', 'reverted');
end
$$;

create function goalpost.revert_improvement(p_improvement_id bigint) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.revert_improvement(p_improvement_id) $$;
