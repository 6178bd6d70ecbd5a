-- Project admins set prices; calls that were made before keep their price.
begin;
select plan(16);
select tests.world();

select tests.person('oscar');
insert into goalpost.project_admins values (tests.id_of('oscar'));
select is(tests.refusal_for('olga', 'select goalpost.set_model_price(''p'', ''m'', 1, 1)'), 'ZG002', 'an owner of a workspace may not set a price');
select is(tests.json_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', 3000000, 15000000, 300000)') - 'valid_from',
  jsonb_build_object('provider', 'p', 'model', 'm', 'input_microusd', 3000000, 'output_microusd', 15000000, 'cached_microusd', 300000, 'cache_write_microusd', 3000000, 'source', 'set by ' || tests.id_of('oscar'), 'context_tokens', null, 'max_output_tokens', null), 'a project admin sets a price with defaults');
select is((goalpost_private.price_of('p', 'm', goalpost_private.clock())).output_microusd, 15000000::bigint, 'the new price applies from its time on');
select is((goalpost_private.price_of('p', 'm', goalpost_private.clock() - interval '1 second')).output_microusd, 75000000::bigint, 'the earlier time has the ceiling price');
select tests.value_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', 4000000, 15000000)');
select is((goalpost_private.price_of('p', 'm', goalpost_private.clock())).input_microusd, 4000000::bigint, 'a price set again at the same time is replaced');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', 1, 1, p_valid_from => ''2029-12-31'')'), 'ZG003', 'a price from a past time is refused');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', -1, 1)'), 'ZG003', 'a negative price is refused');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', 1, 1, -1)'), 'ZG003', 'a negative price for cached tokens is refused');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', null, 1)'), 'ZG003', 'a price of null is refused');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price('''', ''m'', 1, 1)'), 'ZG003', 'a price without a provider is refused');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', 1000000000000, 1)'), 'ZG003', 'a price above the bound is refused');

select tests.value_for('oscar', 'select goalpost.set_model_price(''p'', ''n'', 1, 1, p_context_tokens => 5000, p_max_output_tokens => 700)');
select tests.value_for('oscar', 'select goalpost.set_model_price(''p'', ''n'', 2, 2)');
select is((select array[p.input_microusd, p.context_tokens, p.max_output_tokens] from goalpost_private.price_of('p', 'n', goalpost_private.clock()) p), '{2,5000,700}', 'the model''s bounds are kept when its price changes');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price(''p'', ''n'', 1, 1, p_max_output_tokens => 0)'), 'ZG003', 'a bound of zero tokens is refused');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price(''local'', ''*'', 0, 0)'), 'none', 'a provider may be declared free');
select tests.set('run', tests.working());
select tests.value_for('oscar', 'select goalpost.set_model_price(''p'', ''*'', 0, 0)');
select tests.reserve(tests.get('run'), 'a', 1000, 100, 'any');
select tests.end_turn(tests.get('run'), 'a', 1, tests.answer(1000, 100));
select is((select reserved_microusd + cost_microusd from goalpost.step_turns where run_id = tests.get('run')), 0::bigint, 'every model of a free provider costs nothing');
select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
