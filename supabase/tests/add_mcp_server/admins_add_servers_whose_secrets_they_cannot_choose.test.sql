-- A server is an address and the name of a header; where its secret is in Vault follows from who it is.
begin;
select plan(22);
select tests.world();

create function pg_temp.add(p_name text, p_url text, p_header text default null, p_person text default 'adam') returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.add_mcp_server(%L, %L, %L, %L)', tests.id_of('acme'), p_name, p_url, p_header)) $$;

select is(tests.json_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'', ''Authorization'')', tests.id_of('acme'))) - 'server_id',
  jsonb_build_object('name', 'docs', 'auth_secret_name', 'goalpost_mcp_' || tests.id_of('acme') || '_docs'), 'an admin adds one');
select is(pg_temp.add('docs', 'https://other.example.com/mcp'), 'ZG004', 'the name is taken');
select is(pg_temp.add(n, 'https://x.example.com/'), 'ZG003', 'no name: ' || coalesce(n, 'null'))
  from unnest(array['', 'Docs', '1docs', 'a.b', 'a-b', repeat('a', 33), null]) n;
select is(pg_temp.add('x', u), 'ZG003', 'no address: ' || coalesce(left(u, 40), 'null'))
  from unnest(array['', 'ftp://x.example.com/', 'x.example.com', 'https://', 'https://user:word@x.example.com/', 'https://x.example.com/?key=secret',
                    'https://x.example.com/#a', 'https://x.example.com/' || repeat('a', 500), null]) u;
select is(pg_temp.add('x', 'https://x.example.com/', E'Autho\r\nX: y'), 'ZG003', 'no header');
select is(pg_temp.add('x', 'https://x.example.com/', null, p), c, p)
  from (values ('petra', 'ZG002'), ('sam', 'ZG001')) v (p, c);
insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at)
select tests.id_of('acme'), 'n' || n, 'https://x.example.com', tests.id_of('adam'), now() from generate_series(1, 49) n;
select is(pg_temp.add('x', 'https://x.example.com/'), 'ZG006', 'a workspace has fifty at most');

select * from finish();
rollback;
