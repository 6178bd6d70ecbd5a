-- The content that a person approves contains the values themselves where a string is one path, and texts elsewhere.
begin;
select plan(7);
select tests.world();

create function pg_temp.filled(p_value jsonb) returns jsonb language sql as $$
  select goalpost_private.fill_in_strings(p_value, '{"steps": {"list": {"rows": [{"name": "Mia {{ goal.title }}", "n": 3}], "none": null}}}') $$;
select is(pg_temp.filled('{"to": ["{{ steps.list.rows[0].n }}"], "deep": {"all": " {{- steps.list.rows -}} "}}'),
  '{"to": [3], "deep": {"all": [{"name": "Mia {{ goal.title }}", "n": 3}]}}', 'a string that is one path becomes the value, at any depth');
select is(pg_temp.filled('{"text": "{{ steps.list.rows[0].n }} for {{ steps.list.rows[0].name }}"}'), '{"text": "3 for Mia {{ goal.title }}"}',
  'a path in a longer string is filled in as text, once');
select is(pg_temp.filled('{"a": "{{ steps.list.none }}"}'), '{"a": null}', 'a null in a value stays null');
select is(pg_temp.filled('{"a": "{{ steps.gone.text }}"}'), '{"a": "(steps.gone.text is not there)"}', 'a path that leads nowhere is named');
select is(pg_temp.filled('{"{{ steps.list.none }}": [1, true, null, "plain"], "e": {}, "l": []}'), '{"{{ steps.list.none }}": [1, true, null, "plain"], "e": {}, "l": []}',
  'keys and other values are unchanged');
select is(pg_temp.filled('["c", "a", "b"]'), '["c", "a", "b"]', 'the order of a list is unchanged');
select is(pg_temp.filled(null), null, 'a null value stays null');

select * from finish();
rollback;
