-- A request's context and parameters are JSON objects of bounded kind, depth and size.
begin;
select plan(6);
select tests.world();

create function pg_temp.refusal(p_value jsonb) returns text language plpgsql as $$
begin
  perform goalpost_private.refuse_unfit_object('context', p_value);
  return 'none';
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
select is(pg_temp.refusal('{"a": [1]}'), 'none', 'an object within the bounds is accepted');
select is(pg_temp.refusal('[1]'), 'ZG003 context is a JSON object', 'an array in place of an object is refused');
select is(pg_temp.refusal(jsonb_build_object('a', (repeat('[', 40) || repeat(']', 40))::jsonb)), 'ZG003 context is nested at most 32 levels deep', 'a deep object is refused');
select is(pg_temp.refusal(jsonb_build_object('a', repeat('x', 65000))), 'none', 'an object of less than 64 kB is accepted');
select is(pg_temp.refusal(jsonb_build_object('a', repeat('x', 66000))), 'ZG007 context has at most 65536 bytes', 'an object of more than 64 kB is refused');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''how?'', p_context => %L)', tests.id_of('acme'), jsonb_build_object('a', (repeat('[', 40) || repeat(']', 40))::jsonb))),
  'ZG003', 'a request with a deep context is refused');

select * from finish();
rollback;
