-- A rule is paused, resumed and removed by its owner and by admins.
begin;
select plan(14);
select tests.world();
insert into goalpost.project_admins values (tests.id_of('mia')), (tests.id_of('sam'));
create table public.orders (id integer primary key);
create function pg_temp.rule(p_person text, p_workspace text, p_name text) returns void language sql as $$
  select tests.json_for(p_person, format('select goalpost.set_request_rule(%L, %L)', tests.id_of(p_workspace),
    jsonb_build_object('name', p_name, 'table', 'orders', 'events', '["insert"]'::jsonb, 'question', 'q'))) $$;
update goalpost.workspaces set readable_schemas = '{public}';
select pg_temp.rule('mia', 'acme', 'first'), pg_temp.rule('mia', 'acme', 'second'), pg_temp.rule('sam', 'elsewhere', 'first');
create temp table others as select id, state from goalpost.request_rules where name = 'second' or workspace_id = tests.id_of('elsewhere');
create function pg_temp.change(p_person text, p_change text, p_name text default 'first') returns text language sql as $$
  select tests.json_for(p_person, format('select goalpost.change_request_rule(%L, %L, %L)', tests.id_of('acme'), p_name, p_change)) ->> 'state' $$;
create function pg_temp.refused(p_person text, p_change text, p_name text default 'first') returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.change_request_rule(%L, %L, %L)', tests.id_of('acme'), p_name, p_change)) $$;
create function pg_temp.triggers() returns bigint language sql as $$ select count(*) from pg_trigger where tgrelid = 'public.orders'::regclass and tgname = 'goalpost_request_rules' $$;
select is(pg_temp.change('mia', 'pause'), 'paused', 'its owner pauses it');
select is(pg_temp.change('mia', 'pause'), 'paused', 'again changes nothing');
select is(pg_temp.change('mia', 'resume'), 'active', 'and resumes it');
select is(pg_temp.refused('petra', 'pause'), 'ZG002', 'another member may not');
select is(pg_temp.refused('sam', 'pause'), 'ZG001', 'a stranger may not');
select is(pg_temp.refused('mia', 'stop'), 'ZG003', 'another change is refused');
select is(pg_temp.refused('mia', 'pause', 'third'), 'ZG001', 'a name that does not exist is refused');
select is(pg_temp.change('adam', 'remove'), 'removed', 'an admin removes it');
select set_eq('select id, state from goalpost.request_rules', 'select * from others', 'it is gone, and others are as they were');
select is(pg_temp.triggers(), 1::bigint, 'the trigger stays while another rule names the table');
select is(pg_temp.change('adam', 'remove', 'second'), 'removed', 'the last of the workspace is removed');
select is(pg_temp.triggers(), 1::bigint, 'the trigger stays for a rule of another workspace');
select tests.json_for('sam', format('select goalpost.change_request_rule(%L, ''first'', ''remove'')', tests.id_of('elsewhere')));
select is(pg_temp.triggers(), 0::bigint, 'and is dropped with the last of all');
select pg_temp.rule('mia', 'acme', 'first');
drop table public.orders;
select is(pg_temp.change('mia', 'remove'), 'removed', 'a rule whose table is gone is removed');
select * from finish();
rollback;
