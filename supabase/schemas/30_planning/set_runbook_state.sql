-- Sets the state of a version. An active version retires the other active ones of its name. Returns the row. Expects the
-- lock of the name, and a caller with the right.
create function goalpost_private.change_runbook_state(p_runbook goalpost.runbooks, p_state text) returns goalpost.runbooks
language plpgsql
set search_path = ''
as $$
begin
  if p_state = 'active' then
    update goalpost.runbooks b set state = 'retired'
     where b.workspace_id = p_runbook.workspace_id and b.name = p_runbook.name and b.state = 'active' and b.id <> p_runbook.id;
  end if;
  update goalpost.runbooks b set state = p_state where b.id = p_runbook.id returning * into p_runbook;
  return p_runbook;
end
$$;

-- Activates or retires a version of a workspace's runbook: {"runbook_id", "name", "version", "state"}. An earlier
-- version can be activated again. Runs that follow a version keep it. By admins; an author may retire their own draft.
-- Safe to repeat. Raises ZG001, ZG002, ZG003. Locks the name. Definer: people may not write runbooks.
create function goalpost_private.set_runbook_state(p_runbook_id bigint, p_state text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_runbook goalpost.runbooks;
begin
  select * into v_runbook from goalpost.runbooks b where b.id = p_runbook_id;
  if v_runbook.workspace_id is null then
    if v_runbook.id is not null and auth.uid() is not null then
      perform goalpost_private.refuse('ZG002', format('the runbook %s is built in', v_runbook.name),
        'apply a runbook of this name to the workspace: it comes before the built-in one');
    end if;
    perform goalpost_private.refuse('ZG001', 'there is no such thing, or it is not yours to see');
  end if;
  perform goalpost_private.require_role(v_runbook.workspace_id,
    case when v_runbook.state = 'draft' and v_runbook.created_by = auth.uid() and p_state = 'retired' then 'member' else 'admin' end);
  if coalesce(p_state, '') not in ('active', 'retired') then
    perform goalpost_private.refuse('ZG003', 'a version of a runbook is made active or retired');
  end if;
  perform pg_advisory_xact_lock(hashtextextended(format('goalpost.runbook %s %s', v_runbook.workspace_id, v_runbook.name), 0));
  v_runbook := goalpost_private.change_runbook_state(v_runbook, p_state);
  return jsonb_build_object('runbook_id', v_runbook.id, 'name', v_runbook.name, 'version', v_runbook.version,
                            'state', v_runbook.state);
end
$$;

create function goalpost.set_runbook_state(p_runbook_id bigint, p_state text) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.set_runbook_state(p_runbook_id, p_state) $$;
