-- Returns the key of a tree's advisory lock. It is mixed with a constant, since other applications share the database's
-- advisory locks.
create function goalpost_private.tree_lock(p_root_run_id bigint) returns bigint
language sql immutable
set search_path = ''
as $$ select p_root_run_id # x'676f616c706f7374'::bigint $$;

-- Locks the trees of these runs until the transaction ends, always in one order, so that two transitions cannot
-- deadlock. An advisory lock, because a row lock is written to the log, and this lock is taken at every transition.
create function goalpost_private.lock_trees(p_run_ids bigint[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(goalpost_private.tree_lock(t.root_run_id))
     from (select distinct r.root_run_id from goalpost.workflow_runs r where r.id = any (p_run_ids)
            order by r.root_run_id) t;
end
$$;
