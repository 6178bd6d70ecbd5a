-- Realtime publication of the tables that a page subscribes to. Row-level security applies to Realtime too.
do $$
begin
  if exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    alter publication supabase_realtime add table goalpost.events, goalpost.goals, goalpost.requests, goalpost.approvals;
  end if;
end
$$;
