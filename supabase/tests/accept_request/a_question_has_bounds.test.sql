-- ZG003 for none, for too much and for the wrong shape, ZG007 for a context that is too large: the same code whether the
-- function is called or the row inserted. At each bound: the last value that is accepted, and the first that is not.
begin;
select * from no_plan();
select tests.world();

create temp table attempt (what text, question text, key text, context jsonb, came text);
create function pg_temp.nested(p_levels integer) returns jsonb language sql as $$ select (repeat('{"a":', p_levels - 1) || '{}' || repeat('}', p_levels - 1))::jsonb $$;
insert into attempt values
  ('no question', '  ', null, '{}', 'ZG003'), ('null', null, null, '{}', 'ZG003'),
  ('a question just short enough', repeat('x', 16000), null, '{}', 'none'), ('a question too long', repeat('x', 16001), null, '{}', 'ZG003'),
  ('a question of the largest characters', repeat('🙂', 16000), null, '{}', 'none'),
  ('an empty key', 'q', '', '{}', 'ZG003'), ('a key just short enough', 'q', repeat('x', 255), '{}', 'none'), ('a key too long', 'q', repeat('x', 256), '{}', 'ZG003'),
  ('a context that is no object', 'q', null, '[]', 'ZG003'),
  ('a context just small enough', 'q', null, jsonb_build_object('a', repeat('x', 65536 - 20)), 'none'),
  ('a context too large', 'q', null, jsonb_build_object('a', repeat('x', 65536)), 'ZG007'),
  ('a context of many small values', 'q', null, jsonb_build_object('a', (select jsonb_agg(1) from generate_series(1, 6000))), 'ZG007'),
  ('a context just flat enough', 'q', null, pg_temp.nested(32), 'none'), ('a context too deep', 'q', null, pg_temp.nested(33), 'ZG003'),
  ('a context too deep in a list', 'q', null, jsonb_build_object('a', (repeat('[', 32) || repeat(']', 32))::jsonb), 'ZG003'),
  ('a context very deep', 'q', null, pg_temp.nested(3000), 'ZG003'),
  ('a number just short enough', 'q', null, '{"a": 1e307}', 'none'), ('a number too long', 'q', null, '{"a": 1e308}', 'ZG003'),
  ('a number too small', 'q', null, '{"a": [[1e-309]]}', 'ZG003'), ('a long nought', 'q', null, '{"a": 0e-16383}', 'ZG003');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, %L, %L, %L)', tests.id_of('acme'), question, key, context)), came, 'accept_request called with ' || what) from attempt;
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, question, idempotency_key, context) values (%L, %L, %L, %L)', tests.id_of('acme'), question, key || '2', context)),
          case when key = '' then 'none' when length(key) = 255 then 'ZG003' else came end, 'a request inserted with ' || what)
  from attempt;
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''q'', p_parameters => %L)', tests.id_of('acme'), context)), came, 'accept_request called with parameters as ' || what)
  from attempt where question = 'q' and key is null;
-- Half a gigabyte, once it is text.
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''q'', null, (select jsonb_build_object(''a'', jsonb_agg(''1e131071''::jsonb)) from generate_series(1, 4000)))',
                                          tests.id_of('acme'))), 'ZG003', 'a context of many of the longest numbers is refused');

select * from finish();
rollback;
