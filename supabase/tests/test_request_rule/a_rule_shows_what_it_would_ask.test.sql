-- A member sees what a rule would ask for a row, and nothing is asked.
begin;
select * from no_plan();
select tests.world();
insert into goalpost.project_admins values (tests.id_of('mia'));
create table public.orders (id integer primary key, status text);
select tests.json_for('mia', format('select goalpost.set_request_rule(%L, %L)', tests.id_of('acme'),
  '{"name": "late", "table": "orders", "events": ["update", "delete"], "conditions": [{"column": "status", "operator": "<>", "value": "new"}], "question": "Was {{ old.status }}", "context_columns": ["id"], "dedupe_key": "k {{ old.id }}"}'));
create function pg_temp.try(p_person text, p_arguments text) returns text language plpgsql as $$
begin
  return tests.json_for(p_person, format('select goalpost.test_request_rule(%L, ''late'', %s)', tests.id_of('acme'), p_arguments))::text;
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
select is(pg_temp.try('petra', $$'{"id": 1, "status": "late"}', '{"id": 1, "status": "x"}', 'update'$$)::jsonb,
  '{"fires": true, "runbook": null, "question": "Was x", "parameters": {}, "dedupe_key": "k 1", "context": {"rule": "late", "event": "update", "table": "public.orders", "new": {"id": 1}, "old": {"id": 1}}}', 'all that the request would contain');
select is(pg_temp.try('petra', $$'{"status": "new"}', '{"status": "x"}', 'update'$$), '{"fires": false}', 'a change that does not meet the conditions');
select matches(pg_temp.try('petra', $$null, '{"id": 1, "status": "x"}'$$), '"old": \{"id": 1\}', 'the first event, if none is named');
select matches(pg_temp.try('petra', $$'{"id": 1}', '{}', 'update'$$), 'Was \(old.status is not there\)', 'a column that the row lacks is named');
select matches(pg_temp.try('petra', $$'{}', '{}', 'insert'$$), '^ZG003 the rule does not fire on insert', 'an event that the rule does not have is refused');
select matches(pg_temp.try('petra', $$'{}', null, 'update'$$), '^ZG003 .*a new and an old row', 'an update without its old row');
select matches(pg_temp.try('petra', $$null, '{}', 'update'$$), '^ZG003 .*a new and an old row', 'or its new one');
select matches(pg_temp.try('petra', $$null, '[1]', 'delete'$$), '^ZG003 .*an old row', 'a row is an object');
select matches(pg_temp.try('petra', $$null, jsonb_build_object('a', repeat('x', 1100000)), 'delete'$$), '^ZG007', 'a row has a bounded size');
select matches(pg_temp.try('vera', $$null, '{}', 'delete'$$), '^ZG002', 'a viewer may not');
select matches(pg_temp.try('sam', $$null, '{}', 'delete'$$), '^ZG001', 'a stranger may not');
select is(tests.refusal_for('mia', format('select goalpost.test_request_rule(%L, ''none'', ''{}'')', tests.id_of('acme'))), 'ZG001', 'a name that does not exist is refused');
select is((select count(*) from goalpost_private.row_changes), 0::bigint, 'nothing was recorded');
-- Values are cut, and texts have bounds.
select is(length(goalpost_private.pick_columns(jsonb_build_object('a', repeat('x', 5000), 'b', 1), '{a,c}') ->> 'a'), 4000, 'a long value is cut');
select is(goalpost_private.pick_columns('{"a": 1, "b": 2}', '{a,c}'), '{"a": 1}', 'only the named columns that exist are picked');
select is(goalpost_private.pick_columns(null, '{a}'), null, 'and none of no row');
select * from finish();
rollback;
