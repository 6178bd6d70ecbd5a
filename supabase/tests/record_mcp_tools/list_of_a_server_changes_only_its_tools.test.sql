-- The list of one server changes no tool of another and rewrites no unchanged row; its bounds are inclusive.
begin;
select plan(17);
select tests.world();

insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at)
select tests.id_of(w), n, 'https://docs.example.com/', tests.id_of('adam'), now()
  from (values ('elsewhere', 'docs'), ('acme', 'other'), ('acme', 'docs')) s (w, n);
create function pg_temp.server(p_workspace text, p_name text) returns bigint language sql as $$
  select id from goalpost.mcp_servers where workspace_id = tests.id_of(p_workspace) and name = p_name $$;
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, seen_at)
select s.workspace_id, s.id, 'kept', 'd', '{}', 'h', now() from goalpost.mcp_servers s where s.name = 'other' or s.workspace_id = tests.id_of('elsewhere');
select tests.set('run', tests.planned('lists', '{"lists": {"input": {"tool": "mcp_list", "arguments": {"server": "docs"}}}}'));
select tests.start(tests.get('run'), 'lists');
create function pg_temp.record(p_tools jsonb) returns jsonb language sql as $$
  select goalpost_worker.record_mcp_tools(tests.get('run'), 'lists', 1, 'docs', p_tools) $$;
create function pg_temp.tool(p_name text, p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('name', p_name, 'description', 'd', 'parameters', '{}'::jsonb) || p_more $$;
create function pg_temp.place(p_name text) returns tid language sql as $$
  select m.ctid from goalpost.mcp_tools m where m.name = p_name and m.server_id = pg_temp.server('acme', 'docs') $$;

select is(pg_temp.record(jsonb_build_array(pg_temp.tool('find'), pg_temp.tool('read'))), '{"find": "pending", "read": "pending"}', 'the states are those of this server''s tools');
select is((select string_agg(m.state, ' ') from goalpost.mcp_tools m where m.name = 'kept'), 'pending pending', 'tools of other servers stay as they were');
select is((select string_agg(s.name, ' ') from goalpost.mcp_servers s where s.listed_at is not null), 'docs', 'only the named server is marked as listed');
select is((select s.workspace_id from goalpost.mcp_servers s where s.listed_at is not null), tests.id_of('acme'), 'the listed server is that of this workspace');
select tests.set('find', pg_temp.place('find')::text);
select pg_temp.record(jsonb_build_array(pg_temp.tool('find'), pg_temp.tool('read')));
select is(pg_temp.place('find')::text, tests.kept('find'), 'an unchanged tool is not written again');
select is(pg_temp.record(jsonb_build_array(pg_temp.tool('find'))), '{"find": "pending", "read": "gone"}', 'a tool that is not listed is gone');
select tests.set('read', pg_temp.place('read')::text);
select pg_temp.record(jsonb_build_array(pg_temp.tool('find')));
select is(pg_temp.place('read')::text, tests.kept('read'), 'a tool that is gone is not written again');
select is(pg_temp.record(jsonb_build_array(pg_temp.tool('find'), pg_temp.tool('read'))) ->> 'read', 'pending', 'a tool that is listed again is pending');

-- A tool that lacks a part is left out.
select is(pg_temp.record(jsonb_build_array(pg_temp.tool('find'), pg_temp.tool('read'), pg_temp.tool('odd') - p)), '{"find": "pending", "read": "pending"}', 'a tool without ' || p || ' is left out')
  from unnest(array['name', 'description', 'parameters']) p;

-- An approved tool that has a problem now.
select tests.value_for('adam', format('select goalpost.approve_mcp_tool(%L, ''docs'', ''find'', %L)', tests.id_of('acme'), (select schema_hash from goalpost.mcp_tools where name = 'find')));
select is(pg_temp.record(jsonb_build_array(pg_temp.tool('find', '{"problem": "p"}'))) ->> 'find', 'changed', 'an approved tool with a new problem is changed');

-- Bounds.
select is((select count(*) from jsonb_object_keys(pg_temp.record((select jsonb_agg(pg_temp.tool('t' || n)) from generate_series(1, 200) n))) k), 202::bigint, 'a list of 200 tools is accepted');
select is(octet_length(jsonb_build_array(pg_temp.tool('big', jsonb_build_object('description', repeat('x', 4194250))))::text), 4194304, 'the test list has exactly the largest size');
select is(pg_temp.record(jsonb_build_array(pg_temp.tool('big', jsonb_build_object('description', repeat('x', 4194250))))) ->> 'big', 'pending', 'a list of the largest size is accepted');
select throws_ok($$ select pg_temp.record(jsonb_build_array(pg_temp.tool('big', jsonb_build_object('description', repeat('x', 4194251))))) $$, 'ZG003', null, 'a list of one byte more is refused');
select is((select count(*) from goalpost.mcp_tools m where m.state = 'gone' and m.server_id = pg_temp.server('acme', 'docs')), 202::bigint, 'all tools that are not listed are gone');

select * from finish();
rollback;
