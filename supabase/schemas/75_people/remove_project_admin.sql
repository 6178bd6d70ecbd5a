-- Removes a project admin (id or e-mail address). Called by project admins, for themselves too; the last one stays.
-- Safe to repeat. Raises ZG001, ZG002, ZG004. Locks the table, so that two admins who remove each other leave one.
-- Definer: people may not write project_admins.
create function goalpost_private.remove_project_admin(p_person text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_user_id uuid;
begin
  perform goalpost_private.require_setter(null);
  v_user_id := goalpost_private.find_person(p_person);
  lock table goalpost.project_admins in share row exclusive mode;
  perform goalpost_private.require_setter(null);
  delete from goalpost.project_admins a where a.user_id = v_user_id;
  if not exists (select from goalpost.project_admins) then
    perform goalpost_private.refuse('ZG004', 'a project keeps at least one project admin', 'add another one first');
  end if;
  return jsonb_build_object('user_id', v_user_id);
end
$$;

create function goalpost.remove_project_admin(p_person text) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.remove_project_admin(p_person) $$;
