-- What is listed is compared as it stands, so that nothing may stand there that looks like more than it is.
begin;
select plan(9);
select tests.world();

prepare list_hosts (text[]) as update goalpost.workspaces set webhook_hosts = $1 where id = tests.id_of('acme');
select lives_ok($$ execute list_hosts('{hooks.example.com,10.0.0.7:8080,localhost:80}') $$, 'hosts, with a port or without');
select lives_ok($$ execute list_hosts('{}') $$, 'none');
select throws_ok($$ execute list_hosts('{*}') $$, '23514', null, 'no star');
select throws_ok($$ execute list_hosts('{https://hooks.example.com}') $$, '23514', null, 'no URL');
select throws_ok($$ execute list_hosts('{Hooks.example.com}') $$, '23514', null, 'lower case');
select throws_ok($$ execute list_hosts(array[null]) $$, '23514', null, 'no null');
select throws_ok($$ execute list_hosts(array['']) $$, '23514', null, 'nothing empty');
select throws_ok($$ execute list_hosts(array_fill('a.example'::text, array[101])) $$, '23514', null, 'no more than a hundred');
select is(has_column_privilege('authenticated', 'goalpost.workspaces', 'webhook_hosts', 'update'), false, 'by whoever has the database alone');

select * from finish();
rollback;
