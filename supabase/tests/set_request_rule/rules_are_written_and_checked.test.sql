-- A project admin who is a member sets rules; the table has one trigger for the events of its rules; what cannot work is
-- refused.
begin;
select * from no_plan();
select tests.world();
insert into goalpost.project_admins values (tests.id_of('mia')), (tests.id_of('vera')), (tests.id_of('adam'));
create table public.orders (id integer primary key, status text, amount numeric, due date, seen_at timestamptz, payload jsonb);
create view public.open_orders as select * from public.orders;
create function pg_temp.rule(p_more jsonb default '{}') returns jsonb language sql as $$
  select '{"name": "overdue", "table": "orders", "events": ["update"], "question": "Is {{ new.id }} late?"}'::jsonb || p_more $$;
create function pg_temp.reason(p_person text, p_rule jsonb) returns text language plpgsql as $$
begin
  perform tests.json_for(p_person, format('select goalpost.set_request_rule(%L, %L)', tests.id_of('acme'), p_rule));
  return 'none';
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
create function pg_temp.trigger() returns text language sql as $$
  select coalesce((select substring(pg_get_triggerdef(t.oid) from 'AFTER .*') from pg_trigger t where t.tgrelid = 'public.orders'::regclass and t.tgname = 'goalpost_request_rules'), 'none') $$;

select is(pg_temp.reason('mia', pg_temp.rule()), 'none', 'a project admin who is a member sets a rule');
select is((select format('%s %s %s %s %s %s %s %s %s', user_id = tests.id_of('mia'), schema_name, table_name, events, conditions, columns, uses_trigger, includes_own_writes, max_per_hour)
             from goalpost.request_rules), 't public orders {update} [] {id} t f 100', 'with its defaults and the columns that it reads');
select is(pg_temp.trigger(), 'AFTER UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION goalpost_private.record_row_change(''public'', ''orders'')', 'and the table has a trigger for the event');
select is(pg_temp.reason('mia', pg_temp.rule('{"name": "new", "events": ["insert", "insert"]}')), 'none', 'a second rule on the table is set');
select matches(pg_temp.trigger(), '^AFTER INSERT OR UPDATE ON', 'and the one trigger fires for the events of both');
select is((select events from goalpost.request_rules where name = 'new'), '{insert}', 'an event that is named twice counts once');
select is(pg_temp.reason('mia', pg_temp.rule('{"name": "new", "events": ["delete"], "question": "{{ old.id }} {{ old.payload.city[0] }}", "uses_trigger": false}')), 'none', 'a rule for webhooks alone replaces one');
select matches(pg_temp.trigger(), '^AFTER UPDATE ON', 'and its event is no longer in the trigger');
select is((select columns from goalpost.request_rules where name = 'new'), '{id,payload}', 'a path into a JSON column reads that column');
select is(pg_temp.reason('adam', pg_temp.rule('{"conditions": [{"column": "status", "operator": "in", "value": ["late", "lost"]}, {"column": "amount", "operator": ">", "value": 100}, {"column": "due", "operator": "<", "value": "2030-01-01"}, {"column": "seen_at", "operator": "is null"}, {"column": "status", "operator": "changed"}],
  "dedupe_key": "{{ new.id }}", "context_columns": ["amount", "status"], "budget": {"max_tokens": 5}, "includes_own_writes": true, "max_per_hour": 7}')), 'none', 'another project admin replaces a rule, with all its parts');
select is((select format('%s %s %s %s %s %s', user_id = tests.id_of('adam'), jsonb_array_length(conditions), dedupe_key, columns, budget, max_per_hour) from goalpost.request_rules where name = 'overdue'),
          't 5 {{ new.id }} {amount,id,status} {"max_tokens": 5} 7', 'and becomes its owner');

select matches(pg_temp.reason('olga', pg_temp.rule()), '^ZG002 .*project admins', 'an owner of the workspace who is no project admin may not');
select matches(pg_temp.reason('vera', pg_temp.rule()), '^ZG002', 'a viewer who is a project admin may not');
select tests.person('oscar');
insert into goalpost.project_admins values (tests.id_of('oscar'));
select matches(pg_temp.reason('oscar', pg_temp.rule()), '^ZG001', 'a project admin who is no member may not');
select matches(pg_temp.reason('mia', pg_temp.rule() - p.field), '^ZG003 .*' || p.field, 'a rule without ' || p.field || ' is refused') from unnest(array['name', 'table', 'events', 'question']) p (field);
select matches(pg_temp.reason('mia', pg_temp.rule(p.more)), '^ZG003 .*' || p.expected, left(p.more::text, 100) || ' is refused')
  from (values ('{"question": ""}'::jsonb, 'question'), ('{"question": " \n"}', 'the question is empty'), ('{"events": []}', 'events'), ('{"events": ["truncate"]}', 'events'),
    ('{"table": "none"}', 'there is no table public.none'), ('{"table": "open_orders"}', 'there is no table public.open_orders'), ('{"table": ""}', 'table'),
    ('{"table": "orders; drop table orders"}', 'there is no table'), ('{"schema": "auth", "table": "users"}', 'does not read the schema auth'), ('{"schema": "goalpost", "table": "requests"}', 'does not read the schema'),
    ('{"question": "{{ new.nothing }}"}', 'there is no value for \{\{ new.nothing'), ('{"question": "{{ steps.a }}"}', 'there is no value'), ('{"question": "{{ new.id | upper }}"}', 'there is no value'),
    ('{"events": ["insert"], "question": "{{ old.id }}"}', 'is missing in a change of type insert'), ('{"events": ["delete"]}', 'is missing in a change of type delete'), ('{"dedupe_key": "{{ new.nothing }}"}', 'there is no value'), ('{"dedupe_key": ""}', 'dedupe_key'),
    ('{"context_columns": ["nothing"]}', 'no column nothing'), ('{"context_columns": [1]}', 'context_columns'),
    ('{"conditions": [{"column": "nothing", "operator": "=", "value": 1}]}', 'no column nothing'), ('{"conditions": [{"column": "id", "operator": "like", "value": "a"}]}', 'operator'),
    ('{"conditions": [{"column": "id", "operator": "="}]}', 'takes a text'), ('{"conditions": [{"column": "id", "operator": "=", "value": [1]}]}', 'takes a text'), ('{"conditions": [{"column": "id", "operator": "in", "value": 1}]}', 'list'),
    ('{"conditions": [{"column": "id", "operator": "in", "value": []}]}', 'list'), ('{"conditions": [{"column": "id", "operator": "in", "value": [null]}]}', 'list'), ('{"conditions": [{"column": "id", "operator": "is null", "value": 1}]}', 'takes no value'),
    ('{"conditions": [{"column": "seen_at", "operator": "<", "value": "2030"}]}', 'no order'), ('{"conditions": [{"column": "payload", "operator": ">", "value": "a"}]}', 'no order'),
    ('{"max_per_hour": 0}', 'max_per_hour'), ('{"max_per_hour": 1001}', 'max_per_hour'), ('{"parameters": {"a": 1}}', 'parameters belong'), ('{"runbook": "none"}', 'no runbook called none'), ('{"budget": {"max": 1}}', 'budget'), ('{"colour": "red"}', 'colour'),
    (jsonb_build_object('name', ''), 'name'), (jsonb_build_object('name', repeat('x', 101)), 'name'), (jsonb_build_object('name', E'a\u202eb'), 'a name has letters'), (jsonb_build_object('name', E'a\nb'), 'a name has letters'), (jsonb_build_object('name', ' a'), 'a name has letters')) p (more, expected);
select matches(pg_temp.reason('mia', null), '^ZG003 the rule', 'a rule is required');
select matches(pg_temp.reason('mia', pg_temp.rule(jsonb_build_object('question', repeat('x', 16001)))), '^ZG003 .*question', 'a question that is too long is refused');
select matches(pg_temp.reason('mia', pg_temp.rule(jsonb_build_object('budget', jsonb_build_object('a', repeat('x', 300000))))), '^ZG007', 'a rule that is too large is refused');
create table goalpost_private.secret (id integer);
update goalpost.workspaces set readable_schemas = '{public,goalpost_private}' where id = tests.id_of('acme');
select matches(pg_temp.reason('mia', pg_temp.rule('{"schema": "goalpost_private", "table": "secret", "question": "q"}')), '^ZG003 there is no table', 'a table of ours is refused even in a schema that is listed');
insert into goalpost.request_rules (workspace_id, name, user_id, schema_name, table_name, events, question, columns)
select tests.id_of(w), 'n' || n, tests.id_of('mia'), 'public', 'other', '{insert}', 'q', '{}' from generate_series(1, 97) n, unnest(array['acme', 'elsewhere']) w;
select is(pg_temp.reason('mia', pg_temp.rule('{"name": "last"}')), 'none', 'the hundredth is set');
select is(pg_temp.reason('mia', pg_temp.rule('{"name": "last"}')), 'none', 'it is replaced');
select matches(pg_temp.reason('mia', pg_temp.rule('{"name": "more"}')), '^ZG006', 'one more is refused');

-- A rule that moves to another table takes its trigger along; one that is owned by another role is refused.
delete from goalpost.request_rules where name <> 'overdue';
create table public.other (id integer);
select is(pg_temp.reason('mia', pg_temp.rule('{"table": "other"}')), 'none', 'a rule is moved to another table');
select is(pg_temp.trigger(), 'none', 'and the trigger of the first table is dropped');
select is((select count(*) from pg_trigger where tgrelid = 'public.other'::regclass), 1::bigint, 'and the other has one');
select is(tests.value_for('vera', 'select count(*) from goalpost.request_rules'), '1', 'members read the rules');
select is(tests.value_for('sam', 'select count(*) from goalpost.request_rules'), '97', 'others read those of their own workspace') where false;
select * from finish();
rollback;
