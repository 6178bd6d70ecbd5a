-- Returns the caller's inbox, the oldest first, with ages in seconds: goalpost.inbox as one JSON array, of one
-- workspace or of all. Definer: people may not call the database's clock. Reads only.
create function goalpost_private.read_inbox(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(
             to_jsonb(i) || jsonb_build_object(
               'waiting_seconds', floor(extract(epoch from goalpost_private.clock() - i.requested_at)))
             order by i.requested_at, i.approval_id), '[]')
      from goalpost.inbox i
     where p_workspace_id is null or i.workspace_id = p_workspace_id);
end
$$;

create function goalpost.read_inbox(p_workspace_id uuid default null) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.read_inbox(p_workspace_id) $$;
