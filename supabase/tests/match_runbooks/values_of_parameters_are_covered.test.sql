-- A word of the question that a parameter can take is covered; the same word is not where no parameter takes it.
begin;
select plan(14);
select tests.world();

create function pg_temp.uncovered(p_question text, p_properties jsonb) returns text[] language sql as $$
  select goalpost_private.uncovered_words(p_question, goalpost_private.lexemes(p_question), goalpost_private.lexemes('stale orders'),
    jsonb_populate_record(null::goalpost.runbooks, jsonb_build_object('title', 'Stale orders', 'description', 'd', 'examples', '[]'::jsonb,
      'parameters', case when p_properties is null then '{}' else jsonb_build_object('type', 'object', 'properties', p_properties) end)), tests.id_of('acme')) $$;

select is(pg_temp.uncovered('stale orders of 30 days', null), array['30', 'day'], 'without parameters, a number and its unit are not covered');
select is(pg_temp.uncovered('stale orders of 30 days', '{"days": {"type": "integer"}}'), '{}', 'a number and the name of its parameter are covered');
select is(pg_temp.uncovered('stale orders of 30 weeks', '{"days": {"type": "integer"}}'), array['week'], 'another unit is not covered');
select is(pg_temp.uncovered('stale orders since last month', '{"from": {"type": "string", "format": "date"}}'), '{}', 'a period is covered by a date');
select is(pg_temp.uncovered('stale orders of 3 March', '{"from": {"type": "string", "format": "date"}}'), '{}', 'a day is covered by a date');
select is(pg_temp.uncovered('stale orders of the north east', '{"region": {"enum": ["north_east", "south"]}}'), '{}', 'the value of an enum is covered');
select is(pg_temp.uncovered('stale orders of the west', '{"region": {"enum": ["north_east", "south"]}}'), array['west'], 'no value of an enum is not covered');
select is(pg_temp.uncovered('stale orders of "Miller Lamps"', '{"customer": {"type": "string"}}'), '{}', 'a quotation is covered by a text');
select is(pg_temp.uncovered('stale orders of Miller', '{"customer": {"type": "string"}}'), array['miller'], 'a text without quotation marks is not covered');
create schema reading;
create table reading.lamp_sales (id bigint);
update goalpost.workspaces set readable_schemas = '{reading}' where id = tests.id_of('acme');
select is(pg_temp.uncovered('stale orders of the table lamp sales', '{"of": {"type": "string", "format": "table"}}'), '{}', 'the name of a readable table is covered');
select is(pg_temp.uncovered('stale orders of the table customers', '{"of": {"type": "string", "format": "table"}}'), array['custom'], 'the name of another table is not covered');
select is(pg_temp.uncovered('delete stale orders of 30 days', '{"days": {"type": "integer"}}'), array['delet'], 'an action is never covered by a parameter');

-- The period in a runbook's description is that of its parameter.
create function pg_temp.timeless(p_properties jsonb) returns text[] language sql as $$
  select goalpost_private.uncovered_words('stale orders', '{order,stale}', '{order,stale}',
    jsonb_populate_record(null::goalpost.runbooks, jsonb_build_object('title', 'Stale orders', 'description', 'Stale for some days', 'examples', '[]'::jsonb,
      'parameters', jsonb_build_object('type', 'object', 'properties', p_properties))), tests.id_of('acme')) $$;
select is(pg_temp.timeless('{}'), array['any time but this day'], 'a runbook of a period does not cover a question about all time');
select is(pg_temp.timeless('{"days": {"type": "integer"}}'), '{}', 'a runbook whose period is a parameter covers it');

select * from finish();
rollback;
