-- Memories about a person are readable by that person alone, in every place: the memory itself, the calls that wrote or
-- recalled it, the answers of a model that received it, and the objects that hold large answers.

-- Returns true if the caller is the requester of a run. Definer: the caller may have left the workspace.
create function goalpost_private.is_requester(p_run_id bigint) returns boolean
language sql stable security definer
set search_path = ''
as $$
  select exists (select from goalpost.workflow_runs r where r.id = p_run_id and r.user_id = (select auth.uid()))
$$;

-- Returns true if a call's row contains memories about a person: a call of recall, which may have found such memories,
-- or a call of remember for the person's later work. Mirrors the scope that goalpost_worker.remember chooses.
create function goalpost_private.is_private_call(p_run_id bigint, p_tool text, p_arguments jsonb, p_proposed jsonb)
returns boolean
language sql stable security definer
set search_path = ''
as $$
  select case p_tool
    when 'recall' then true
    when 'remember' then exists (
      select from unnest(array[p_arguments, p_proposed]) a
       where a is not null and (a ->> 'scope') in ('agent', 'workspace') is not true
         and ((a ->> 'scope') = 'user'
              or (select r.goal_id is null from goalpost.workflow_runs r where r.id = p_run_id)))
    else false end
$$;

-- Returns true if the caller may read the model calls and answers of a step: the requester always, other members unless
-- memories about a person are part of it. Definer: people may not read such calls and memories of others.
create function goalpost_private.may_read_journal(p_run_id bigint, p_step_key text) returns boolean
language sql stable security definer
set search_path = ''
as $$
  select goalpost_private.is_requester(p_run_id) or not (
    exists (select from goalpost.memory_uses u
              join goalpost.memories m on m.workspace_id = u.workspace_id and m.id = u.memory_id
             where u.run_id = p_run_id and u.step_key = p_step_key and m.scope = 'user')
    or exists (select from goalpost.tool_calls c
                where c.run_id = p_run_id and c.step_key = p_step_key and c.tool in ('remember', 'recall')
                  and goalpost_private.is_private_call(c.run_id, c.tool, c.arguments, c.proposed_arguments)))
$$;

-- Returns true if the caller may read the approvals of a call and their edits: if the call is private, only its
-- requester and the people who may decide.
create function goalpost_private.may_read_approval(
  p_workspace_id uuid, p_run_id bigint, p_step_key text, p_call_number integer, p_required_role text
) returns boolean
language sql stable security definer
set search_path = ''
as $$
  select goalpost_private.is_requester(p_run_id) or goalpost_private.may_decide(p_workspace_id, p_required_role)
      or not exists (select from goalpost.tool_calls c
                      where c.run_id = p_run_id and c.step_key = p_step_key and c.number = p_call_number
                        and goalpost_private.is_private_call(c.run_id, c.tool, c.arguments, c.proposed_arguments))
$$;
