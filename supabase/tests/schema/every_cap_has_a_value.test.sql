-- No null means unlimited.
begin;
select plan(3);

select is_empty(
  $$ select a.attname from pg_catalog.pg_attribute a where a.attrelid = 'goalpost_private.limits'::regclass and a.attnum > 0 and not a.attisdropped and not a.attnotnull $$, 'no cap can be null');
select is((select count(*) from goalpost_private.limits), 1::bigint, 'there is one row of them');
select is(tests.refusal('insert into goalpost_private.limits (only_row) values (false)'), '23514', 'and never another');

select * from finish();
rollback;
