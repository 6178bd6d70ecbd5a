-- Its own, that of its name without a date, that of its provider, or the ceiling; the newest that holds at the time.
begin;
select plan(13);
select tests.world();

select tests.price();
insert into goalpost.model_prices (provider, model, valid_from, input_microusd, output_microusd, cached_microusd, cache_write_microusd, source) values
  ('p', 'm', '2029-01-01', 5, 5, 5, 5, 'newer'), ('p', 'm', '2031-01-01', 9, 9, 9, 9, 'not yet'),
  ('p', 'm-2030-01-01', '2020-01-01', 7, 7, 7, 7, 'dated'), ('q', '*', '2020-01-01', 3, 3, 3, 3, 'all of them'), ('q', 'own', '2020-01-01', 4, 4, 4, 4, 'its own');
create function pg_temp.input(p_provider text, p_model text, p_at timestamptz default goalpost_private.clock()) returns bigint language sql as $$ select (goalpost_private.price_of(p_provider, p_model, p_at)).input_microusd $$;
select is(pg_temp.input('p', 'm'), 5::bigint, 'the newest that holds');
select is(pg_temp.input('p', 'm', '2025-01-01'), 1000000::bigint, 'the one that held then');
select is(pg_temp.input('p', 'm', '2031-01-01'), 9::bigint, 'the one that will');
select is(pg_temp.input('p', 'm-20300101'), 5::bigint, 'a date in the name does not matter');
select is(pg_temp.input('p', 'm-latest'), 5::bigint, 'nor does latest');
select is(pg_temp.input('p', 'm-2030-01-01'), 7::bigint, 'but where it has a price of its own');
select is(pg_temp.input('p', 'm-mini'), 15000000::bigint, 'another model of a like name has no price: the ceiling');
select is(pg_temp.input('p', 'unknown'), 15000000::bigint, 'unknown: the ceiling');
select is((goalpost_private.price_of('nobody', 'm', goalpost_private.clock())).output_microusd, 75000000::bigint, 'an unknown provider: the ceiling');
select is((goalpost_private.price_of(null, null, goalpost_private.clock())).cached_microusd, 15000000::bigint, 'nothing at all: the ceiling');
select is(pg_temp.input('q', 'any'), 3::bigint, 'all models of a provider');
select is(pg_temp.input('q', 'own'), 4::bigint, 'its own comes first');
select ok((select bool_and(greatest(input_microusd, output_microusd) > 0) from goalpost.model_prices where provider in ('anthropic', 'openai')), 'what is released costs something');

select * from finish();
rollback;
