begin;
select * from no_plan();
select tests.world();

select tests.person('oscar');
insert into goalpost.project_admins values (tests.id_of('oscar'));
create function pg_temp.price(p_arguments text) returns text language sql as $$
  select tests.refusal_for('oscar', 'select goalpost.set_model_price(' || p_arguments || ')') $$;
select is(pg_temp.price(a), 'none', 'a price of (' || left(a, 60) || ') is set') from unnest(array[
  $$'p', 'm', 0, 0$$, $$'p', 'm', 100000000000, 1$$, $$'p', 'm', 1, 100000000000, 100000000000, 100000000000$$, $$'p', 'm', 1, 1, 0, 0$$,
  $$'p', 'm', 1, 1, p_valid_from => '2030-01-01 12:00:00+00'$$, $$'p', repeat('m', 200), 1, 1$$, $$repeat('p', 100), 'm', 1, 1$$,
  $$'p', 'm', 1, 1, p_context_tokens => 1, p_max_output_tokens => 1$$, $$'p', 'm', 1, 1, p_context_tokens => 1000000000, p_max_output_tokens => 1000000000$$]) a;
select is(pg_temp.price(a), 'ZG003', 'a price of (' || left(a, 60) || ') is refused') from unnest(array[
  $$'p', 'm', 1, null$$, $$'p', 'm', 1, -1$$, $$'p', 'm', 1, 1, p_cache_write_microusd => -1$$, $$'p', 'm', 100000000001, 1$$, $$'p', 'm', 1, 100000000001$$,
  $$'p', 'm', 1, 1, p_valid_from => '2030-01-01 11:59:59+00'$$, $$'p', '', 1, 1$$, $$'p', null, 1, 1$$, $$'p', repeat('m', 201), 1, 1$$,
  $$repeat('p', 101), 'm', 1, 1$$, $$null, 'm', 1, 1$$,
  $$'p', 'm', 1, 1, p_context_tokens => 0$$, $$'p', 'm', 1, 1, p_max_output_tokens => 0$$, $$'p', 'm', 1, 1, p_context_tokens => 1000000001$$, $$'p', 'm', 1, 1, p_max_output_tokens => 1000000001$$]) a;

select * from finish();
rollback;
