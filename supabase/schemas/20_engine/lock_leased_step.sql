-- Locks the tree of a step and returns the step as its worker holds it. Raises ZG009 if the lease was lost.
create function goalpost_private.lock_leased_step(p_run_id bigint, p_step_key text, p_lease_epoch bigint) returns goalpost.steps
language plpgsql
set search_path = ''
as $$
declare
  v_step goalpost.steps;
begin
  perform goalpost_private.lock_trees(array[p_run_id]);
  select s.* into v_step from goalpost.steps s
   where s.run_id = p_run_id and s.key = p_step_key and s.state = 'running' and s.lease_epoch = p_lease_epoch;
  if not found then
    perform goalpost_private.refuse('ZG009', 'the lease on this step was lost');
  end if;
  return v_step;
end
$$;

-- Returns the tools that a running step may call: its own tool, or the list of its agent.
create function goalpost_private.tools_of_step(p_step goalpost.steps) returns text[]
language sql stable
set search_path = ''
as $$
  select case p_step.kind
           when 'tool' then array[p_step.input ->> 'tool']
           when 'agent' then (select a.tools from goalpost.agents a where a.id = p_step.agent_id)
         end
$$;

-- Returns the step if the caller holds its lease; raises ZG009 otherwise. Takes no lock.
create function goalpost_private.leased_step(p_run_id bigint, p_step_key text, p_lease_epoch bigint) returns goalpost.steps
language plpgsql stable
set search_path = ''
as $$
declare
  v_step goalpost.steps;
begin
  select s.* into v_step from goalpost.steps s
   where s.run_id = p_run_id and s.key = p_step_key and s.state = 'running' and s.lease_epoch = p_lease_epoch;
  if not found then
    perform goalpost_private.refuse('ZG009', 'the lease on this step was lost');
  end if;
  return v_step;
end
$$;
