-- PostgREST's count=planned returns the planner's estimate, which is based on rows of all tenants.
begin;
select * from no_plan();
select tests.world();

update goalpost.workspaces set max_open_requests = 100000;
insert into goalpost.requests (workspace_id, user_id, question, state, ended_at)
select tests.id_of('elsewhere'), tests.id_of('sam'), 'q', 'answered', now() from generate_series(1, 4000);
insert into goalpost.requests (workspace_id, user_id, question, state, ended_at)
select tests.id_of('acme'), tests.id_of('mia'), 'q', 'answered', now() from generate_series(1, 10);
analyze goalpost.requests;

create function pg_temp.estimate(p_condition text) returns bigint
language plpgsql
as $$
declare
  v_plan jsonb;
begin
  execute 'explain (format json) select * from goalpost.requests where ' || p_condition into v_plan;
  return (v_plan #>> '{0,Plan,Plan Rows}')::bigint;
end
$$;
grant execute on function pg_temp.estimate(text) to authenticated;
create function pg_temp.estimate_for_mia(p_condition text) returns text language sql
as $$ select tests.value_for('mia', format('select %s.estimate(%L)', (select pg_my_temp_schema()::regnamespace), p_condition)) $$;
select is(pg_temp.estimate_for_mia(format('%s = %L', c, tests.id_of(theirs))), pg_temp.estimate_for_mia(format('%s = %L', c, gen_random_uuid())),
          format('an estimate by %s is the same for another tenant''s rows and for what is not there', c))
  from (values ('workspace_id', 'elsewhere'), ('user_id', 'sam')) v (c, theirs);

select is((select a.attstattarget from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = n), 0::smallint, format('there are no statistics about %s of %s', n, c.relname))
  from pg_catalog.pg_class c, unnest(array['workspace_id', 'user_id']) n
 where c.relnamespace = 'goalpost'::regnamespace and c.relkind in ('r', 'p')
   and exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = n and not a.attisdropped);

select * from finish();
rollback;
