-- Returns the present time; the only source of time in these schemas. Tests replace this function in their own
-- database; no setting can change it.
create function goalpost_private.clock() returns timestamptz
language sql volatile
set search_path = ''
as $$ select clock_timestamp() $$;
