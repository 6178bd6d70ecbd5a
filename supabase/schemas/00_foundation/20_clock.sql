-- The only source of time. Tests replace this function in their own database; no setting can move it.
create function goalpost_private.clock() returns timestamptz
language sql volatile
set search_path = ''
as $$ select clock_timestamp() $$;
