-- A server is an address and the name of a header; the name of its secret in Vault is derived from workspace and server
-- name.
begin;
select plan(22);
select tests.world();

create function pg_temp.add(p_name text, p_url text, p_header text default null, p_person text default 'adam') returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.add_mcp_server(%L, %L, %L, %L)', tests.id_of('acme'), p_name, p_url, p_header)) $$;

select is(tests.json_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'', ''Authorization'')', tests.id_of('acme'))) - 'server_id',
  jsonb_build_object('name', 'docs', 'auth_secret_name', 'goalpost_mcp_' || tests.id_of('acme') || '_docs'), 'an admin adds a server with a derived secret name');
select is(pg_temp.add('docs', 'https://other.example.com/mcp'), 'ZG004', 'a server name that is taken is refused');
select is(pg_temp.add(n, 'https://x.example.com/'), 'ZG003', 'refused as a server name: ' || coalesce(n, 'null'))
  from unnest(array['', 'Docs', '1docs', 'a.b', 'a-b', repeat('a', 33), null]) n;
select is(pg_temp.add('x', u), 'ZG003', 'refused as an address: ' || coalesce(left(u, 40), 'null'))
  from unnest(array['', 'ftp://x.example.com/', 'x.example.com', 'https://', 'https://user:word@x.example.com/', 'https://x.example.com/?key=secret',
                    'https://x.example.com/#a', 'https://x.example.com/' || repeat('a', 500), null]) u;
select is(pg_temp.add('x', 'https://x.example.com/', E'Autho\r\nX: y'), 'ZG003', 'a header name with a line break is refused');
select is(pg_temp.add('x', 'https://x.example.com/', null, p), c, p || ' may not add a server')
  from (values ('petra', 'ZG002'), ('sam', 'ZG001')) v (p, c);
insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at)
select tests.id_of('acme'), 'n' || n, 'https://x.example.com', tests.id_of('adam'), now() from generate_series(1, 49) n;
select is(pg_temp.add('x', 'https://x.example.com/'), 'ZG006', 'a workspace has fifty at most');

select * from finish();
rollback;
