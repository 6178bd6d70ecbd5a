-- Activates or retires a version of a workspace's agent: {"agent_id", "name", "version", "state"}. An earlier version can
-- be activated again. Steps that exist keep their version. By admins. Safe to repeat. Raises ZG001, ZG002, ZG003. Locks
-- the name. Definer: people may not write agents.
create function goalpost_private.set_agent_state(p_agent_id bigint, p_state text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_agent goalpost.agents;
begin
  select * into v_agent from goalpost.agents a where a.id = p_agent_id;
  if v_agent.workspace_id is null then
    if v_agent.id is not null and auth.uid() is not null then
      perform goalpost_private.refuse('ZG002', format('the agent %s is built in', v_agent.name),
        'apply an agent of this name to the workspace: it comes before the built-in one');
    end if;
    perform goalpost_private.refuse('ZG001', 'there is no such thing, or it is not yours to see');
  end if;
  perform goalpost_private.require_role(v_agent.workspace_id, 'admin');
  if coalesce(p_state, '') not in ('active', 'retired') then
    perform goalpost_private.refuse('ZG003', 'a version of an agent is made active or retired');
  end if;
  perform pg_advisory_xact_lock(hashtextextended(format('goalpost.agent %s %s', v_agent.workspace_id, v_agent.name), 0));
  v_agent := goalpost_private.change_agent_state(v_agent, p_state);
  return jsonb_build_object('agent_id', v_agent.id, 'name', v_agent.name, 'version', v_agent.version, 'state', v_agent.state);
end
$$;

create function goalpost.set_agent_state(p_agent_id bigint, p_state text) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.set_agent_state(p_agent_id, p_state) $$;
