-- What is beyond them is left out, and said to be.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(tests.query(tests.get('run'), 'a', 'select n from generate_series(1, 3) n', 3) ->> 'truncated', 'false', 'just as many rows');
select is(tests.query(tests.get('run'), 'a', 'select n from generate_series(1, 4) n', 3) - 'rows' - 'columns', '{"row_count": 3, "truncated": true}', 'one more');
select is(tests.query(tests.get('run'), 'a', 'select n from generate_series(1, 5000) n', 1000000) ->> 'row_count', '1000', 'never more than a thousand');
select is(tests.query(tests.get('run'), 'a', 'select n from generate_series(1, 5) n', 0) ->> 'row_count', '1', 'never less than one');
select is(tests.query(tests.get('run'), 'a', 'select (select string_agg(goalpost_private.collected(''x''::text), '''') from generate_series(1, 90)) as t from generate_series(1, 9)', 100, 290) - 'rows' - 'columns', '{"row_count": 2, "truncated": true}', 'bytes count over all rows');
select is(tests.query(tests.get('run'), 'a', 'select (select string_agg(goalpost_private.collected(''x''::text), '''') from generate_series(1, 9000)) as t', 100, 300) - 'rows' - 'columns', '{"row_count": 0, "truncated": true}', 'one row too large is none');
select ok(octet_length(tests.query(tests.get('run'), 'a', 'select (select string_agg(goalpost_private.collected(''x''::text), '''') from generate_series(1, 1000)) as t from generate_series(1, 999)', 1000, 1000000000)::text) < 300000, 'never more than a quarter of a megabyte');

select * from finish();
rollback;
