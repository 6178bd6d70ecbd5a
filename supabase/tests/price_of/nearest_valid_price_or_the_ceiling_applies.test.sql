-- A model has its own price, that of its name without a date, that of its provider, or the ceiling; the newest that is
-- valid then.
begin;
select plan(13);
select tests.world();

select tests.price();
insert into goalpost.model_prices (provider, model, valid_from, input_microusd, output_microusd, cached_microusd, cache_write_microusd, source) values
  ('p', 'm', '2029-01-01', 5, 5, 5, 5, 'newer'), ('p', 'm', '2031-01-01', 9, 9, 9, 9, 'not yet'),
  ('p', 'm-2030-01-01', '2020-01-01', 7, 7, 7, 7, 'dated'), ('q', '*', '2020-01-01', 3, 3, 3, 3, 'all of them'), ('q', 'own', '2020-01-01', 4, 4, 4, 4, 'its own');
create function pg_temp.input(p_provider text, p_model text, p_at timestamptz default goalpost_private.clock()) returns bigint language sql as $$ select (goalpost_private.price_of(p_provider, p_model, p_at)).input_microusd $$;
select is(pg_temp.input('p', 'm'), 5::bigint, 'the newest valid price applies');
select is(pg_temp.input('p', 'm', '2025-01-01'), 1000000::bigint, 'an earlier time has the price that was valid then');
select is(pg_temp.input('p', 'm', '2031-01-01'), 9::bigint, 'a later time has the price that will be valid');
select is(pg_temp.input('p', 'm-20300101'), 5::bigint, 'a date in the model''s name is ignored');
select is(pg_temp.input('p', 'm-latest'), 5::bigint, 'the suffix latest in the model''s name is ignored');
select is(pg_temp.input('p', 'm-2030-01-01'), 7::bigint, 'a dated model with its own price has that price');
select is(pg_temp.input('p', 'm-mini'), 15000000::bigint, 'another model with a similar name has the ceiling price');
select is(pg_temp.input('p', 'unknown'), 15000000::bigint, 'an unknown model has the ceiling price');
select is((goalpost_private.price_of('absent', 'm', goalpost_private.clock())).output_microusd, 75000000::bigint, 'an unknown provider has the ceiling price');
select is((goalpost_private.price_of(null, null, goalpost_private.clock())).cached_microusd, 15000000::bigint, 'no provider and no model have the ceiling price');
select is(pg_temp.input('q', 'any'), 3::bigint, 'a price for all models of a provider applies');
select is(pg_temp.input('q', 'own'), 4::bigint, 'a model''s own price comes before its provider''s');
select ok((select bool_and(greatest(input_microusd, output_microusd) > 0) from goalpost.model_prices where provider in ('anthropic', 'openai')), 'every built-in price is above zero');

select * from finish();
rollback;
