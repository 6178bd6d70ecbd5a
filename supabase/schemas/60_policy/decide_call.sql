-- Policy: decides if a call of a tool may be made, by rows and code and never by a model; and limits the number of
-- calls under way. Every decision has the name of the rule that made it, which is stored with the call.
--
-- A call that a model requests has no authority of its own. The tool must be in its agent's list, and no rule may deny
-- it. A call that could carry out instructions from untrusted content (a step that has read such content, and a tool
-- that writes) waits for a person.

-- Returns true if a policy's pattern matches a name.
create function goalpost_private.fits_pattern(p_pattern text, p_name text) returns boolean
language sql immutable
set search_path = ''
as $$ select p_name like replace(replace(replace(replace(p_pattern, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%') $$;

-- Decides on a call: allow | needs_approval | deny, with the name of the rule. Called for each call that a turn
-- requests, and for a step that is one call. p_call need not be a row yet. Reads only.
create function goalpost_private.decide_call(
  p_step goalpost.steps, p_call goalpost.tool_calls, p_now timestamptz,
  out decision text, out rule text, out message text
)
language plpgsql stable
set search_path = ''
as $$
declare
  v_tool goalpost.tools;
  v_agent goalpost.agents;
  v_policy goalpost.tool_policies;
begin
  v_tool := goalpost_private.find_tool(p_step.workspace_id, p_call.tool);
  select * into v_agent from goalpost.agents a where a.id = p_step.agent_id;
  select d.decision, d.rule, d.message into decision, rule, message
    from goalpost_private.denial_of_call(p_step, p_call, v_tool, v_agent) d;
  if decision is not null then
    return;
  end if;

  decision := 'allow';
  if v_tool.control then
    rule := 'control';
    return;
  end if;
  -- A write that cannot succeed is denied without an approval.
  if v_tool.name = 'table_write' then
    message := goalpost_private.write_call_problem(p_step.workspace_id, p_call.arguments);
    if message is not null then
      decision := 'deny';
      rule := 'invalid_write';
      return;
    end if;
  end if;
  v_policy := goalpost_private.policy_of_call(p_step.workspace_id, v_agent.name, v_tool.name);
  if v_policy.effect = 'needs_approval' then
    decision := 'needs_approval';
    rule := v_policy.name;
    message := format('the policy %s asks for a person''s approval of %s', v_policy.name, v_tool.name);
  elsif not p_call.idempotent and goalpost_private.repeats_a_call(p_step, p_call) then
    decision := 'needs_approval';
    rule := 'repeats';
    message := format('an earlier plan of this run called %s with the same arguments, and it cannot tell a repeated call '
                      'from a new one, so that a person decides', v_tool.name);
  -- Ordered by cost: the most expensive check comes last.
  elsif (v_tool.writes or v_tool.approval = 'when_tainted')
        and not (v_policy.effect is not distinct from 'allow' and v_policy.even_if_tainted)
        and goalpost_private.is_tainted(p_step.run_id, p_step.key)
  then
    decision := 'needs_approval';
    rule := 'taint';
    message := format('this step has read content that others wrote, so that %s waits for a person''s approval', v_tool.name);
  elsif v_tool.approval = 'always' and v_policy.effect is distinct from 'allow' then
    decision := 'needs_approval';
    rule := 'tool_approval';
    message := format('%s always waits for a person''s approval', v_tool.name);
  else
    rule := coalesce(v_policy.name, 'default');
  end if;
  -- A call that may repeat another always needs an approval: the person who approved it before did not see the
  -- repetition.
  if decision = 'needs_approval' and rule <> 'repeats' and goalpost_private.was_approved_before(p_step, p_call) then
    decision := 'allow';
    rule := 'approved_before';
    message := null;
  end if;
end
$$;

-- Returns true if an approval step that this step depends on approved exactly this call as its content ({"tool",
-- "arguments"}), by people of the role that decides on calls. It covers one call of the run.
create function goalpost_private.was_approved_before(p_step goalpost.steps, p_call goalpost.tool_calls) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (
           select from goalpost.approvals a
            where a.run_id = p_step.run_id and a.step_key = any (p_step.depends_on) and a.kind = 'step' and a.state = 'approved'
              and goalpost_private.role_rank(a.required_role) >= goalpost_private.role_rank('approver')
              and coalesce(a.edited, a.subject) -> 'tool' = to_jsonb(p_call.tool)
              and coalesce(a.edited, a.subject) -> 'arguments' = p_call.arguments)
     and not exists (
           select from goalpost.tool_calls c
            where c.run_id = p_step.run_id and c.rule = 'approved_before' and c.tool = p_call.tool
              and c.arguments = p_call.arguments and (c.step_key, c.number) <> (p_call.step_key, p_call.number));
end
$$;

-- Returns true if an earlier plan of the run began the same call under the same key (key_of_earlier_plan), so that
-- making it may repeat its effect. A GET changes nothing.
create function goalpost_private.repeats_a_call(p_step goalpost.steps, p_call goalpost.tool_calls) returns boolean
language sql stable
set search_path = ''
as $$
  select not (p_call.tool = 'http' and p_call.arguments ->> 'method' is not distinct from 'GET')
     and exists (
       select from goalpost.tool_calls c
        where c.run_id = p_step.run_id and c.idempotency_key = p_call.idempotency_key and c.started_at is not null
          and (c.step_key, c.number) <> (p_call.step_key, p_call.number))
$$;

-- Returns the rule and the reason that deny a call; nulls if no rule denies it.
create function goalpost_private.denial_of_call(
  p_step goalpost.steps, p_call goalpost.tool_calls, p_tool goalpost.tools, p_agent goalpost.agents,
  out decision text, out rule text, out message text
)
language plpgsql stable
set search_path = ''
as $$
declare
  v_denial text;
begin
  if p_tool.name is null and p_call.tool like 'mcp.%' then
    rule := 'mcp_tool_not_approved';
    message := format('%s is %s in this workspace; an admin looks at it and approves it: goalpost mcp',
      left(p_call.tool, 200), coalesce((
        select m.state from goalpost.mcp_servers v
          join goalpost.mcp_tools m on m.workspace_id = v.workspace_id and m.server_id = v.id
         where v.workspace_id = p_step.workspace_id and p_call.tool = format('mcp.%s.%s', v.name, m.name)), 'not known'));
  elsif p_tool.name is null or p_tool.control and p_step.kind = 'tool' then
    rule := 'unknown_tool';
    message := format('there is no tool %s; use one that you were given', left(p_call.tool, 100));
  -- Every agent may submit its result; other tools must be in the list of its row. A step that is one call may make
  -- that call.
  elsif p_tool.name <> 'submit_result'
        and (case p_step.kind when 'tool' then p_tool.name is distinct from p_step.input ->> 'tool'
                              else not p_tool.name = any (coalesce(p_agent.tools, '{}')) end)
  then
    rule := 'not_listed';
    message := format('%s is not among the tools of this step; use one that you were given', p_tool.name);
  end if;
  if rule is null then
    select p.name into v_denial from goalpost.tool_policies p
     where p.effect = 'deny' and (p.workspace_id is null or p.workspace_id = p_step.workspace_id)
       and (p.agent is null or p.agent = p_agent.name) and goalpost_private.fits_pattern(p.tool, p_tool.name)
     order by p.workspace_id nulls last, p.position, p.id
     limit 1;
    if found then
      rule := v_denial;
      message := format('the policy %s forbids %s here', v_denial, p_tool.name);
    elsif p_tool.name <> 'submit_result' and goalpost_private.is_loop(p_call) then
      rule := 'loop';
      message := format('%s was called twice with these arguments and gave nothing else the second time; do something else, '
                        'or hand in what there is', p_tool.name);
    elsif (select count(*) >= p_tool.max_calls_per_step from goalpost.tool_calls c
            where c.run_id = p_step.run_id and c.step_key = p_step.key and c.tool = p_call.tool
              and c.number < p_call.number and c.state <> 'denied')
    then
      rule := 'max_calls_per_step';
      message := format('%s may be called %s times in one step; hand in what there is', p_tool.name, p_tool.max_calls_per_step);
    end if;
  end if;
  if rule is not null then
    decision := 'deny';
  end if;
end
$$;

-- Returns true if the last two calls of the step with the same tool and arguments ended alike, so that another one
-- brings nothing new. A call that has not ended counts as equal to the other; calls that were denied as a loop are left
-- out. Polling, whose results differ, is bounded by max_calls_per_step.
create function goalpost_private.is_loop(p_call goalpost.tool_calls) returns boolean
language sql stable
set search_path = ''
as $$
  select count(*) = 2 and count(distinct l.ending) < 2
    from (select coalesce(c.result, c.error) as ending
            from goalpost.tool_calls c
           where c.run_id = p_call.run_id and c.step_key = p_call.step_key and c.tool = p_call.tool
             and c.arguments_hash = p_call.arguments_hash and c.number < p_call.number and c.rule <> 'loop'
           order by c.number desc
           limit 2) l
$$;

-- Returns the policy that applies to the call, denials aside; a row of nulls if there is none.
create function goalpost_private.policy_of_call(p_workspace_id uuid, p_agent text, p_tool text) returns goalpost.tool_policies
language sql stable
set search_path = ''
as $$
  select p.* from goalpost.tool_policies p
   where p.effect <> 'deny' and (p.workspace_id is null or p.workspace_id = p_workspace_id)
     and (p.agent is null or p.agent = p_agent) and goalpost_private.fits_pattern(p.tool, p_tool)
   order by p.workspace_id nulls last, p.position, p.id
   limit 1
$$;
