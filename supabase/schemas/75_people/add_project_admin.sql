-- Makes a person (id or e-mail address) a project admin. Called by project admins. Safe to repeat. Raises ZG001, ZG002.
-- Definer: people may not write project_admins.
create function goalpost_private.add_project_admin(p_person text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_user_id uuid;
begin
  perform goalpost_private.require_setter(null);
  v_user_id := goalpost_private.find_person(p_person);
  insert into goalpost.project_admins (user_id, created_at) values (v_user_id, goalpost_private.clock()) on conflict do nothing;
  return jsonb_build_object('user_id', v_user_id);
end
$$;

create function goalpost.add_project_admin(p_person text) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.add_project_admin(p_person) $$;
