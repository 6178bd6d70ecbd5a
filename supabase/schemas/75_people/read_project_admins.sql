-- Returns the project admins with their e-mail addresses, the first one first: [{"user_id", "email", "created_at"}].
-- Called by project admins. Raises ZG002. Definer: people may not read auth.users. Reads only.
create function goalpost_private.read_project_admins() returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
begin
  perform goalpost_private.require_setter(null);
  return (
    select coalesce(jsonb_agg(jsonb_build_object('user_id', a.user_id, 'email', u.email, 'created_at', a.created_at)
                              order by a.created_at, a.user_id), '[]')
      from goalpost.project_admins a join auth.users u on u.id = a.user_id);
end
$$;

create function goalpost.read_project_admins() returns jsonb language sql set search_path = ''
as $$ select goalpost_private.read_project_admins() $$;
