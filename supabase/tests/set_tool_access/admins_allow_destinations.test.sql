-- Admins allow and withdraw the destinations of a workspace's tools, one at a time; what cannot work is refused.
begin;
select * from no_plan();
select tests.world();
create function pg_temp.reason(p_person text, p_kind text, p_name text, p_is_allowed boolean default true, p_workspace text default 'acme') returns text language plpgsql as $$
declare
  v_hint text;
begin
  perform tests.value_for(p_person, format('select goalpost.set_tool_access(%L, %L, %L, %L)', tests.id_of(p_workspace), p_kind, p_name, p_is_allowed));
  return 'none';
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
create function pg_temp.acme() returns goalpost.workspaces language sql as $$ select w from goalpost.workspaces w where w.id = tests.id_of('acme') $$;

select is(tests.json_for('adam', format('select goalpost.set_tool_access(%L, ''http'', ''b.example.com:8443'')', tests.id_of('acme'))),
          '{"kind": "http", "name": "b.example.com:8443", "is_allowed": true, "changed": true}', 'an admin allows a host');
select is(tests.json_for('adam', format('select goalpost.set_tool_access(%L, ''http'', ''b.example.com:8443'')', tests.id_of('acme'))) ->> 'changed', 'false', 'the same again changes nothing');
select is(pg_temp.reason('olga', 'http', 'a.example.com'), 'none', 'the owner allows another host');
select is(pg_temp.reason('adam', 'webhook', 'hooks.example.com'), 'none', 'an admin allows a webhook host');
select is(pg_temp.reason('adam', 'email', 'example.com'), 'none', 'an admin allows a mail domain');
select is((pg_temp.acme()).http_hosts::text || (pg_temp.acme()).webhook_hosts::text || (pg_temp.acme()).email_domains::text || (pg_temp.acme()).readable_schemas::text,
          '{a.example.com,b.example.com:8443}{hooks.example.com}{example.com}{public}', 'each kind has its own list, in order');
select is((select http_hosts::text || webhook_hosts::text || email_domains::text from goalpost.workspaces where id = tests.id_of('elsewhere')), '{}{}{}', 'other workspaces are unchanged');
select is(pg_temp.reason('adam', 'http', 'b.example.com:8443', false), 'none', 'an admin withdraws a host');
select is(tests.json_for('adam', format('select goalpost.set_tool_access(%L, ''http'', ''b.example.com:8443'', false)', tests.id_of('acme'))),
          '{"kind": "http", "name": "b.example.com:8443", "is_allowed": false, "changed": false}', 'a host that is not listed is withdrawn without a change');
select is((pg_temp.acme()).http_hosts, '{a.example.com}', 'the other host stays');
select is(pg_temp.reason('adam', 'http', 'a.example.com', false) || (pg_temp.acme()).http_hosts::text, 'none{}', 'the last host can be withdrawn');
select matches(pg_temp.reason(p, 'http', 'x.example.com'), '^ZG002 this needs the role admin', format('%s may not allow a host', p)) from unnest(array['vera', 'mia', 'petra']) p;
select matches(pg_temp.reason('sam', 'http', 'x.example.com'), '^ZG001', 'a stranger may not allow a host');
select matches(pg_temp.reason('adam', 'http', 'x.example.com', true, 'elsewhere'), '^ZG001', 'an admin may not allow a host in another workspace');
select matches(pg_temp.reason('adam', k, n), '^ZG003', format('%s %s is refused', k, coalesce(n, 'null')))
  from (values ('http', ''), ('http', ' '), ('http', null), ('http', 'https://a.example.com'), ('http', 'a.example.com/path'), ('http', '*.example.com'), ('http', 'A.example.com'), ('http', 'a.example.com:443'),
               ('http', 'a.example.com:0'), ('http', 'a.example.com:123456'), ('http', '-a.example.com'), ('http', 'a.example.com.'), ('http', ' a.example.com'), ('http', 'a.exämple.com'), ('http', E'a.example.com\n'), ('http', U&'a.ex\202Eample.com'), ('http', repeat('a', 261)),
               ('webhook', 'a b'), ('webhook', 'a,b'), ('email', 'me@example.com'), ('email', 'example.com:25'), ('email', '.com')) d (k, n);
select matches(pg_temp.reason('adam', k, 'example.com'), '^ZG003 tools reach hosts', format('the kind %s is refused', coalesce(k, 'null'))) from unnest(array['ftp', '', null, 'HTTP']) k;
select matches(pg_temp.reason('sam', 'ftp', 'example.com'), '^ZG001', 'a stranger learns nothing by an unknown kind');
select matches(pg_temp.reason('adam', 'http', 'a.example.com', null), '^ZG003', 'it is allowed or not');
select is(pg_temp.reason('adam', 'email', n || '.example.com'), 'none', format('domain %s of 100 is allowed', n)) from unnest(array[1, 99]) n;
update goalpost.workspaces set email_domains = array(select n || '.example.com' from generate_series(1, 100) n) where id = tests.id_of('acme');
select matches(pg_temp.reason('adam', 'email', '101.example.com'), '^ZG006', 'the list of a kind is bounded');
select is(pg_temp.reason('adam', 'email', '100.example.com'), 'none', 'a name that is listed can be allowed again at the bound');

select is(pg_temp.reason('adam', 'email', '101.example.com', false), 'none', 'a name that is not listed can be withdrawn at the bound');
select matches(pg_temp.reason('adam', 'http', null, false), '^ZG003 a change has a name', 'what is withdrawn has a name');
select is(pg_temp.reason('adam', 'http', E' \n', false), 'none', 'a name that cannot be listed is withdrawn without a change');

select * from finish();
rollback;
