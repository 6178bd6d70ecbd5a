-- A tool whose schema cannot be checked is kept with the problem; lists have bounds; only steps that use the server
-- record its list.
begin;
select plan(10);
select tests.world();

select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'')', tests.id_of('acme')));
select tests.set('run', tests.planned('lists, counts, calls', '{"lists": {"input": {"tool": "mcp_list", "arguments": {}}}, "calls": {"input": {"tool": "http_get", "arguments": {}}}}'));
select tests.start(tests.get('run'), 'lists');
create function pg_temp.record(p_tools jsonb, p_key text default 'lists', p_server text default 'docs', p_epoch bigint default 1) returns jsonb language sql as $$
  select goalpost_worker.record_mcp_tools(tests.get('run'), p_key, p_epoch, p_server, p_tools) $$;

select is(pg_temp.record('[{"name": "odd", "description": "d", "parameters": {}, "problem": "its schema cannot be checked"}, {"name": "odd", "description": "d", "parameters": {}, "problem": "its schema cannot be checked"}, {"name": null}]'),
  '{"odd": "pending"}', 'a repeated tool is kept once, and one without a name not');
select is(tests.refusal_for('adam', format('select goalpost.approve_mcp_tool(%L, ''docs'', ''odd'', %L)', tests.id_of('acme'), (select schema_hash from goalpost.mcp_tools))), 'ZG004', 'a tool with a problem cannot be approved');
select throws_ok($$ select pg_temp.record((select jsonb_agg(jsonb_build_object('name', 't' || n, 'description', '', 'parameters', '{}'::jsonb)) from generate_series(1, 201) n)) $$, 'ZG003', null, 'a list of 201 tools is refused');
select throws_ok($$ select pg_temp.record('{}') $$, 'ZG003', null, 'tools that are no list are refused');
select throws_ok($$ select pg_temp.record(jsonb_build_array(jsonb_build_object('name', 't', 'description', repeat('x', 4194304), 'parameters', '{}'::jsonb))) $$, 'ZG003', null, 'a list above the size bound is refused');
select throws_ok($$ select pg_temp.record('[]', 'counts') $$, 'ZG002', null, 'a step of another tool may not record a list');
select throws_ok($$ select pg_temp.record('[]', 'calls') $$, 'ZG002', null, 'a step of http_get may not record a list');
select throws_ok($$ select pg_temp.record('[]', 'lists', 'none') $$, 'ZG001', null, 'the list of an unknown server is refused');
select throws_ok($$ select pg_temp.record('[]', 'lists', 'docs', 2) $$, 'ZG009', null, 'a list under another epoch is refused');
select isnt((select listed_at from goalpost.mcp_servers), null, 'the time of the last list is recorded');

select * from finish();
rollback;
