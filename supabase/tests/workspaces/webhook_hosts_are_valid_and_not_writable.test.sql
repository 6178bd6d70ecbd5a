-- Entries are compared literally, so that only plain hosts are allowed.
begin;
select plan(9);
select tests.world();

prepare list_hosts (text[]) as update goalpost.workspaces set webhook_hosts = $1 where id = tests.id_of('acme');
select lives_ok($$ execute list_hosts('{hooks.example.com,10.0.0.7:8080,localhost:80}') $$, 'hosts with and without a port are accepted');
select lives_ok($$ execute list_hosts('{}') $$, 'an empty list of hosts is accepted');
select throws_ok($$ execute list_hosts('{*}') $$, '23514', null, 'a star as a host is refused');
select throws_ok($$ execute list_hosts('{https://hooks.example.com}') $$, '23514', null, 'a URL as a host is refused');
select throws_ok($$ execute list_hosts('{Hooks.example.com}') $$, '23514', null, 'a host with upper case letters is refused');
select throws_ok($$ execute list_hosts(array[null]) $$, '23514', null, 'null as a host is refused');
select throws_ok($$ execute list_hosts(array['']) $$, '23514', null, 'an empty host is refused');
select throws_ok($$ execute list_hosts(array_fill('a.example'::text, array[101])) $$, '23514', null, 'more than a hundred hosts are refused');
select is(has_column_privilege('authenticated', 'goalpost.workspaces', 'webhook_hosts', 'update'), false, 'signed-in people may not update webhook hosts directly');

select * from finish();
rollback;
