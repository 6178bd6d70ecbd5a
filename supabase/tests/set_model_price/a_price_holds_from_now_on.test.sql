-- By project admins alone; what was asked before keeps its price.
begin;
select plan(11);
select tests.world();

select tests.person('oscar');
insert into goalpost.project_admins values (tests.id_of('oscar'));
select is(tests.refusal_for('olga', 'select goalpost.set_model_price(''p'', ''m'', 1, 1)'), 'ZG002', 'an owner of a workspace does not');
select is(tests.json_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', 3000000, 15000000, 300000)') - 'valid_from',
  jsonb_build_object('provider', 'p', 'model', 'm', 'input_microusd', 3000000, 'output_microusd', 15000000, 'cached_microusd', 300000, 'cache_write_microusd', 3000000, 'source', 'set by ' || tests.id_of('oscar')), 'a price');
select is((goalpost_private.price_of('p', 'm', goalpost_private.clock())).output_microusd, 15000000::bigint, 'it holds');
select is((goalpost_private.price_of('p', 'm', goalpost_private.clock() - interval '1 second')).output_microusd, 75000000::bigint, 'from now on');
select tests.value_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', 4000000, 15000000)');
select is((goalpost_private.price_of('p', 'm', goalpost_private.clock())).input_microusd, 4000000::bigint, 'again at the same time, it is changed');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', 1, 1, p_valid_from => ''2029-12-31'')'), 'ZG003', 'not from a time that has passed');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', -1, 1)'), 'ZG003', 'not less than nothing');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', 1, 1, -1)'), 'ZG003', 'nor from the cache');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', null, 1)'), 'ZG003', 'not without a price');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price('''', ''m'', 1, 1)'), 'ZG003', 'not of nobody');
select is(tests.refusal_for('oscar', 'select goalpost.set_model_price(''p'', ''m'', 1000000000000, 1)'), 'ZG003', 'a number that is a slip');

select * from finish();
rollback;
