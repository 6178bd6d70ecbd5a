-- Rows beyond the caps are left out, and the answer is marked as truncated.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(tests.query(tests.get('run'), 'a', 'select n from generate_series(1, 3) n', 3) ->> 'truncated', 'false', 'as many rows as the limit allows are not truncated');
select is(tests.query(tests.get('run'), 'a', 'select n from generate_series(1, 4) n', 3) - 'rows' - 'columns', '{"row_count": 3, "truncated": true}', 'one row more than the limit is truncated');
select is(tests.query(tests.get('run'), 'a', 'select n from generate_series(1, 5000) n', 1000000) ->> 'row_count', '1000', 'a query returns at most a thousand rows');
select is(tests.query(tests.get('run'), 'a', 'select n from generate_series(1, 5) n', 0) ->> 'row_count', '1', 'a row limit of zero returns one row');
select is(tests.query(tests.get('run'), 'a', 'select (select string_agg(goalpost_private.collected(''x''::text), '''') from generate_series(1, 90)) as t from generate_series(1, 9)', 100, 290) - 'rows' - 'columns', '{"row_count": 2, "truncated": true}', 'the byte limit counts the bytes of all rows');
select is(tests.query(tests.get('run'), 'a', 'select (select string_agg(goalpost_private.collected(''x''::text), '''') from generate_series(1, 9000)) as t', 100, 300) - 'rows' - 'columns', '{"row_count": 0, "truncated": true}', 'a single row above the byte limit is left out');
select ok(octet_length(tests.query(tests.get('run'), 'a', 'select (select string_agg(goalpost_private.collected(''x''::text), '''') from generate_series(1, 1000)) as t from generate_series(1, 999)', 1000, 1000000000)::text) < 300000, 'an answer never exceeds 300,000 bytes');

select * from finish();
rollback;
