
-- Appended by the local stack to pgmq's own SQL. A hosted project hands pgmq's objects to postgres when it
-- creates the extension, so that postgres makes queues and changes their tables as an owner.
grant all on schema pgmq to postgres with grant option;

do $$
declare
  v_command text;
begin
  for v_command in
    select format('alter table %s owner to postgres', oid::regclass)
    from pg_catalog.pg_class
    where relnamespace = 'pgmq'::regnamespace and relkind in ('r', 'p', 'v')
    union all
    select format('alter type %s owner to postgres', oid::regclass)
    from pg_catalog.pg_class
    where relnamespace = 'pgmq'::regnamespace and relkind = 'c'
    union all
    select format('alter routine %s owner to postgres', oid::regprocedure)
    from pg_catalog.pg_proc
    where pronamespace = 'pgmq'::regnamespace
  loop
    execute v_command;
  end loop;
end
$$;
