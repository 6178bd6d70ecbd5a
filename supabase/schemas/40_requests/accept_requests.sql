create function goalpost.accept_requests(p_workspace_id uuid, p_requests jsonb) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.accept_requests(p_workspace_id, p_requests) $$;
