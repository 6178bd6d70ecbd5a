-- The address and the secret of a server are returned to the lease holder of a step that may call an approved tool of
-- it, or may list its tools.
begin;
select plan(18);
select tests.world();

select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, %L, ''https://docs.example.com/mcp'', ''x-key'')', tests.id_of('acme'), n)) from unnest(array['docs', 'other']) n;
select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, ''open'', ''https://open.example.com/mcp'')', tests.id_of('acme')));
select vault.create_secret('sesame', 'goalpost_mcp_' || tests.id_of('acme') || '_docs');
select vault.create_secret('not needed', 'goalpost_mcp_' || tests.id_of('acme') || '_open');
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, state, approved_hash, seen_at)
select workspace_id, id, t, 'd', '{"type": "object"}', 'h', case t when 'new' then 'pending' else 'approved' end, case t when 'new' then null else 'h' end, now()
  from goalpost.mcp_servers, unnest(array['search', 'new', 'write.it']) t;
insert into goalpost.agents (workspace_id, name, role, tools)
values (tests.id_of('acme'), 'finder', 'r', '{mcp.docs.search,mcp.docs.new,mcp.docs.none,mcp.nowhere.x}'), (tests.id_of('acme'), 'opener', 'r', '{mcp.open.write.it}');
select tests.set('run', tests.planned('lists, finds, opens, counts', jsonb_build_object(
  'lists', '{"input": {"tool": "mcp_list", "arguments": {"server": "docs"}}}'::jsonb, 'finds', tests.agent('finder'), 'opens', tests.agent('opener'))));
select tests.start(tests.get('run'), 'lists');
create function pg_temp.read(p_key text, p_server text, p_tool text default null, p_epoch bigint default 1) returns jsonb language sql as $$
  select goalpost_worker.read_mcp_server(tests.get('run'), p_key, p_epoch, p_server, p_tool) - 'id' $$;

select is(pg_temp.read('finds', 'docs', 'search'),
  '{"url": "https://docs.example.com/mcp", "auth_header_name": "x-key", "auth_secret": "sesame", "tool_name": "search", "parameters": {"type": "object"}, "timeout_seconds": 60, "idempotent": false}', 'an agent''s step reads the server of its approved tool');
select is(pg_temp.read('lists', 'docs') ->> 'auth_secret', 'sesame', 'a step that lists tools reads the secret');
select is(pg_temp.read('lists', 'docs') ->> 'tool_name', null, 'a step that lists tools gets no tool name');
update goalpost.mcp_tools set original_name = 'pages/search' where name = 'search';
select is(pg_temp.read('finds', 'docs', 'search') ->> 'tool_name', 'pages/search', 'a tool under an alias has its name at the server');
select is(pg_temp.read('lists', 'other') ->> 'auth_secret', null, 'a server without a secret has none in the answer');
select is(pg_temp.read('opens', 'open', 'write.it') ->> 'auth_secret', null, 'a server without a header gets no secret');
select throws_ok(format('select pg_temp.read(%L, %L, %L)', k, s, t), c, null, 'the server is refused to ' || concat_ws(' ', k, s, t))
  from (values ('finds', 'docs', 'new', 'ZG002'), ('finds', 'docs', 'none', 'ZG002'), ('finds', 'docs', 'write.it', 'ZG002'), ('finds', 'other', 'search', 'ZG002'),
               ('finds', 'nowhere', 'x', 'ZG001'), ('finds', 'docs', null, 'ZG002'), ('lists', 'docs', 'search', 'ZG002'), ('counts', 'docs', 'search', 'ZG002'),
               ('lists', 'nowhere', null, 'ZG001')) v (k, s, t, c);
select throws_ok($$ select pg_temp.read('finds', 'docs', 'search', 2) $$, 'ZG009', null, 'the server is refused under another epoch');

-- Other workspaces and servers have tools of the same names.
insert into goalpost.mcp_servers (id, workspace_id, name, url, created_by, created_at)
overriding system value values (0, tests.id_of('elsewhere'), 'open', 'https://elsewhere.example.com/', tests.id_of('adam'), now());
update goalpost.mcp_tools t set parameters = jsonb_build_object('title', s.name) from goalpost.mcp_servers s where s.id = t.server_id;
select is(pg_temp.read('opens', 'open', 'write.it') ->> 'url', 'https://open.example.com/mcp', 'the server is the one of this workspace');
select is(pg_temp.read('opens', 'open', 'write.it') -> 'parameters', '{"title": "open"}', 'the tool is the one of this server');

select * from finish();
rollback;
