-- Values at the bounds are accepted: bytes in storage and as text, levels, and digits of numbers.
begin;
select plan(12);
select tests.world();

create function pg_temp.bytes(p_value jsonb) returns integer language sql as $$ select octet_length(p_value::text) $$;
create function pg_temp.deep(p_levels integer) returns jsonb language sql as $$ select (repeat('[', p_levels) || repeat(']', p_levels))::jsonb $$;
create function pg_temp.refusal(p_value jsonb, p_max_bytes integer) returns text language sql as $$
  select tests.refusal(format('select goalpost_private.refuse_unfit_shape(''it'', %L, %s)', p_value, p_max_bytes)) $$;

-- A text needs more bytes in storage, a number more as text.
select tests.set('text', jsonb_build_object('a', repeat('x', 100))::text);
select tests.set('number', jsonb_build_object('a', 1e100)::text);
select ok(pg_column_size(tests.kept('text')::jsonb) > pg_temp.bytes(tests.kept('text')::jsonb), 'the text takes more bytes where it is stored');
select is(pg_temp.refusal(tests.kept('text')::jsonb, pg_column_size(tests.kept('text')::jsonb)), 'none', 'a value that takes exactly the bytes allowed is accepted');
select is(pg_temp.refusal(tests.kept('text')::jsonb, pg_column_size(tests.kept('text')::jsonb) - 1), 'ZG007', 'a value that takes one byte more is too large');
select ok(pg_column_size(tests.kept('number')::jsonb) < pg_temp.bytes(tests.kept('number')::jsonb), 'the number takes more bytes as text');
select is(pg_temp.refusal(tests.kept('number')::jsonb, pg_temp.bytes(tests.kept('number')::jsonb)), 'none', 'a value whose text has exactly the bytes allowed is accepted');
select is(pg_temp.refusal(tests.kept('number')::jsonb, pg_temp.bytes(tests.kept('number')::jsonb) - 1), 'ZG007', 'a value whose text has one byte more is too large');
select is(pg_temp.refusal(pg_temp.deep(32), 1000), 'none', 'a value of 32 levels is accepted');
select is(pg_temp.refusal(pg_temp.deep(33), 1000), 'ZG003', 'a value of 33 levels is refused');
select is(pg_temp.refusal(jsonb_build_array(('1' || repeat('0', 307))::numeric, ('-1' || repeat('0', 307))::numeric, ('0.' || repeat('0', 307) || '1')::numeric), 10000), 'none', 'numbers of 308 digits are accepted');
select is(pg_temp.refusal(jsonb_build_array(n), 10000), 'ZG003', 'a number of 309 digits is refused, as ' || left(n::text, 4) || '…')
  from unnest(array[('1' || repeat('0', 308))::numeric, ('-1' || repeat('0', 308))::numeric, ('0.' || repeat('0', 308) || '1')::numeric]) n;

select * from finish();
rollback;
