-- A null would mean unlimited, so every cap is not null.
begin;
select plan(3);

select is_empty(
  $$ select a.attname from pg_catalog.pg_attribute a where a.attrelid = 'goalpost_private.limits'::regclass and a.attnum > 0 and not a.attisdropped and not a.attnotnull $$, 'no cap can be null');
select is((select count(*) from goalpost_private.limits), 1::bigint, 'the limits have one row');
select is(tests.refusal('insert into goalpost_private.limits (only_row) values (false)'), '23514', 'a second row of limits is refused');

select * from finish();
rollback;
