-- Runbooks of a workspace, in append-only versions.

-- Writes a runbook of a workspace as its next version: {"runbook_id", "name", "version", "state", "changed"}. If its
-- content is that of a version that is not retired, no version is added, and only the state is set. p_state:
-- draft (by members; only its author can start it), candidate or active (by admins; it becomes the one active version of
-- its name). Safe to repeat. Raises ZG001, ZG002, ZG003 (with all problems), ZG006 (10,000 versions). Locks the name.
-- Definer: people may not write runbooks.
create function goalpost_private.apply_runbook(p_workspace_id uuid, p_runbook jsonb, p_state text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_problems jsonb;
  v_runbook goalpost.runbooks;
  v_found goalpost.runbooks;
  v_changed boolean := false;
begin
  if coalesce(p_state, '') not in ('draft', 'candidate', 'active') then
    perform goalpost_private.refuse('ZG003', 'the state of a runbook is draft, candidate or active');
  end if;
  perform goalpost_private.require_role(p_workspace_id, case p_state when 'draft' then 'member' else 'admin' end);
  v_problems := goalpost_private.runbook_problems(p_workspace_id, p_runbook);
  if v_problems <> '[]' then
    perform goalpost_private.refuse('ZG003', left((
      select string_agg(coalesce('step ' || (p ->> 'step_key') || ': ', '') || (p ->> 'message'), '; ')
        from jsonb_array_elements(v_problems) p), 4000), 'goalpost runbooks lint FILE lists all problems');
  end if;
  perform pg_advisory_xact_lock(hashtextextended(format('goalpost.runbook %s %s', p_workspace_id, p_runbook ->> 'name'), 0));
  if (select count(*) from goalpost.runbooks b where b.workspace_id = p_workspace_id) >= 10000 then
    perform goalpost_private.refuse('ZG006', 'a workspace has at most 10000 versions of runbooks');
  end if;

  v_runbook.title := p_runbook ->> 'title';
  v_runbook.description := p_runbook ->> 'description';
  v_runbook.goal_type := coalesce(p_runbook ->> 'goal_type', replace(p_runbook ->> 'name', '-', '_'));
  v_runbook.examples := array(select jsonb_array_elements_text(coalesce(p_runbook -> 'examples', '[]')));
  v_runbook.parameters := coalesce(p_runbook -> 'parameters', '{}');
  v_runbook.budget := coalesce(p_runbook -> 'budget', '{}');
  v_runbook.plan := p_runbook -> 'plan';
  select * into v_found from goalpost.runbooks b
   where b.workspace_id = p_workspace_id and b.name = p_runbook ->> 'name' and b.state <> 'retired'
     and (p_state <> 'draft' or b.state <> 'draft' or b.created_by = auth.uid())
     and (b.title, b.description, b.goal_type, b.examples, b.parameters, b.budget, b.plan)
         = (v_runbook.title, v_runbook.description, v_runbook.goal_type, v_runbook.examples, v_runbook.parameters, v_runbook.budget,
            v_runbook.plan)
   order by b.version desc limit 1;
  if not found then
    insert into goalpost.runbooks
      (workspace_id, name, version, title, description, goal_type, examples, parameters, budget, plan, state, author, created_by,
       created_at)
    values
      (p_workspace_id, p_runbook ->> 'name',
       1 + coalesce((select max(b.version) from goalpost.runbooks b
                      where b.workspace_id = p_workspace_id and b.name = p_runbook ->> 'name'), 0),
       v_runbook.title, v_runbook.description, v_runbook.goal_type, v_runbook.examples, v_runbook.parameters, v_runbook.budget,
       v_runbook.plan, 'draft', 'person', auth.uid(), goalpost_private.clock())
    returning * into v_found;
    v_changed := true;
  end if;
  if v_found.state <> p_state and p_state <> 'draft' then
    v_found := goalpost_private.change_runbook_state(v_found, p_state);
    v_changed := true;
  end if;
  return jsonb_build_object('runbook_id', v_found.id, 'name', v_found.name, 'version', v_found.version,
                            'state', v_found.state, 'changed', v_changed);
end
$$;

create function goalpost.apply_runbook(p_workspace_id uuid, p_runbook jsonb, p_state text default 'active') returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.apply_runbook(p_workspace_id, p_runbook, p_state) $$;
