-- A workspace has at most 10,000 versions of agents.
begin;
select plan(2);
select tests.world();
insert into goalpost.agents (workspace_id, name, version, role, state) select tests.id_of('elsewhere'), 'many', n, 'r', 'retired' from generate_series(1, 10000) n;
insert into goalpost.agents (workspace_id, name, version, role, state) select tests.id_of('acme'), 'many', n, 'r', 'retired' from generate_series(2, 10000) n;
create function pg_temp.apply(p_role text) returns text language sql as $$
  select tests.refusal_for('adam', format('select goalpost.apply_agent(%L, %L)', tests.id_of('acme'), jsonb_build_object('name', 'clerk', 'role', p_role))) $$;
select is(pg_temp.apply('last'), 'none', 'the last version is written, whatever other workspaces have');
select is(pg_temp.apply('one more'), 'ZG006', 'one more is refused');
select * from finish();
rollback;
