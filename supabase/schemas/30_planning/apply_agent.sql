-- Agents of a workspace, in append-only versions.

-- Returns what is wrong with an agent as people write it; null if nothing is. Its tools must be tools of the workspace.
create function goalpost_private.agent_problem(p_workspace_id uuid, p_agent jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_problem text;
begin
  perform goalpost_private.refuse_unfit_shape('the agent', p_agent, 65536);
  v_problem := goalpost_private.json_problem('{
    "type": "object", "additionalProperties": false, "required": ["name", "role"],
    "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 100},
      "role": {"type": "string", "minLength": 1, "maxLength": 20000},
      "model": {"type": "string", "minLength": 1, "maxLength": 200},
      "tools": {"type": "array", "maxItems": 100, "items": {"type": "string", "minLength": 1, "maxLength": 200}},
      "max_turns": {"type": "integer", "minimum": 1, "maximum": 100},
      "goal_type": {"type": "string", "minLength": 1, "maxLength": 100}}}', coalesce(p_agent, 'null'), 'the agent');
  return coalesce(
    v_problem,
    case when goalpost_private.trimmed(p_agent ->> 'role') = '' then 'the role of an agent is empty' end,
    case when p_agent ->> 'name' !~ '^[a-z][a-z0-9_-]*$'
         then 'the name of an agent is a lower-case letter, then letters, digits, - or _' end,
    (select format('there is no tool %s in this workspace; the tools of an MCP server are there once an admin approves them', t)
       from jsonb_array_elements_text(coalesce(p_agent -> 'tools', '[]')) t
      where not exists (select from goalpost_private.tools_of(p_workspace_id) k where k.name = t)
      order by t limit 1));
end
$$;

-- Sets the state of a version. An active version retires the other active one of its name and goal type, a candidate the
-- other candidate of its name. Returns the row. Expects the lock of the name.
create function goalpost_private.change_agent_state(p_agent goalpost.agents, p_state text) returns goalpost.agents
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.agents a set state = 'retired'
   where a.workspace_id = p_agent.workspace_id and a.name = p_agent.name and a.state = p_state
     and (p_state = 'candidate' or a.goal_type is not distinct from p_agent.goal_type);
  update goalpost.agents a set state = p_state where a.id = p_agent.id returning * into p_agent;
  return p_agent;
end
$$;

-- Inserts a version of an agent, or finds the version that is not retired and has this content, and sets its state.
-- p_agent has passed agent_problem. Locks the name.
create function goalpost_private.add_agent_version(
  p_workspace_id uuid, p_agent jsonb, p_state text, p_author text, out agent goalpost.agents, out changed boolean
)
language plpgsql
set search_path = ''
as $$
declare
  v_name constant text := p_agent ->> 'name';
  v_tools constant text[] := array(select jsonb_array_elements_text(coalesce(p_agent -> 'tools', '[]')));
  v_max_turns constant integer := coalesce((p_agent ->> 'max_turns')::numeric::integer, 8);
begin
  perform pg_advisory_xact_lock(hashtextextended(format('goalpost.agent %s %s', p_workspace_id, v_name), 0));
  if (select count(*) from goalpost.agents a where a.workspace_id = p_workspace_id) >= 10000 then
    perform goalpost_private.refuse('ZG006', 'a workspace has at most 10000 versions of agents');
  end if;
  changed := false;
  select * into agent from goalpost.agents a
   where a.workspace_id = p_workspace_id and a.name = v_name and a.state <> 'retired' and a.role = p_agent ->> 'role'
     and a.model is not distinct from p_agent ->> 'model' and a.tools = v_tools and a.max_turns = v_max_turns
     and a.goal_type is not distinct from p_agent ->> 'goal_type'
   order by a.version desc;
  if not found then
    -- Retired at first: one version at most is active.
    insert into goalpost.agents
      (workspace_id, name, version, role, model, tools, max_turns, goal_type, state, author, created_by, created_at)
    values
      (p_workspace_id, v_name,
       1 + coalesce((select max(a.version) from goalpost.agents a where a.workspace_id = p_workspace_id and a.name = v_name), 0),
       p_agent ->> 'role', p_agent ->> 'model', v_tools, v_max_turns, p_agent ->> 'goal_type', 'retired', p_author,
       auth.uid(), goalpost_private.clock())
    returning * into agent;
  end if;
  if agent.state <> p_state then
    agent := goalpost_private.change_agent_state(agent, p_state);
    changed := true;
  end if;
end
$$;

-- Writes an agent of a workspace as its next version: {"agent_id", "name", "version", "state", "changed"}. If its content
-- is that of a version that is not retired, no version is added, and only the state is set. p_agent: {"name", "role",
-- "model", "tools", "max_turns", "goal_type"}; a name of a built-in agent replaces it in this workspace. p_state: active,
-- or candidate (works in one half of the requests until the analyzer decides, see judge_trial). Steps that exist keep
-- their version. By admins, since tools act with the requester's rights. Safe to repeat. Raises ZG001, ZG002, ZG003,
-- ZG006 (10,000 versions), ZG007 (too large). Locks the name. Definer: people may not write agents.
create function goalpost_private.apply_agent(p_workspace_id uuid, p_agent jsonb, p_state text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_problem text;
  v_added record;
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  if coalesce(p_state, '') not in ('active', 'candidate') then
    perform goalpost_private.refuse('ZG003', 'the state of an agent is active or candidate');
  end if;
  v_problem := goalpost_private.agent_problem(p_workspace_id, p_agent);
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', left(v_problem, 4000));
  end if;
  v_added := goalpost_private.add_agent_version(p_workspace_id, p_agent, p_state, 'person');
  if p_state = 'candidate' then
    perform goalpost_private.begin_trial(v_added.agent, goalpost_private.clock());
  end if;
  return jsonb_build_object('agent_id', (v_added.agent).id, 'name', (v_added.agent).name, 'version', (v_added.agent).version,
                            'state', (v_added.agent).state, 'changed', v_added.changed);
end
$$;

create function goalpost.apply_agent(p_workspace_id uuid, p_agent jsonb, p_state text default 'active') returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.apply_agent(p_workspace_id, p_agent, p_state) $$;
