-- Appends to the tree's history. The tree's lock makes the sequence dense.
create function goalpost_private.append_event(
  p_run_id bigint, p_step_key text, p_type text, p_data jsonb, p_now timestamptz
) returns void
language sql
set search_path = ''
as $$
  insert into goalpost.events (root_run_id, sequence, workspace_id, run_id, goal_id, step_key, type, data, created_at)
  select r.root_run_id,
         1 + coalesce((select max(e.sequence) from goalpost.events e where e.root_run_id = r.root_run_id), 0),
         r.workspace_id, r.id, r.goal_id, p_step_key, p_type, p_data, p_now
    from goalpost.workflow_runs r
   where r.id = p_run_id;
$$;

-- Deletes the attempts and events of deleted runs, in place of the foreign keys that they do not have.
create function goalpost_private.forget_history() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  delete from goalpost.step_attempts a using gone g where a.run_id = g.id;
  delete from goalpost.events e using gone g where e.root_run_id = g.root_run_id and e.run_id = g.id;
  return null;
end
$$;

create trigger forget_history
  after delete on goalpost.workflow_runs
  referencing old table as gone
  for each statement execute function goalpost_private.forget_history();
