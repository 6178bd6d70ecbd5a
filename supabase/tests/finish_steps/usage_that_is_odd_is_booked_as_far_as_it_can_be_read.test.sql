-- Negative numbers and missing names never stop an outcome.
begin;
select plan(5);
select tests.world();

select tests.keep('run', tests.planned('a, b, c'));
select is(tests.finish(tests.the('run'), 'a', 'completed', '{"result": {}, "usage": [{"input_tokens": -5, "cost_microusd": -1}]}'), 'accepted', 'accepted');
select is(tests.finish(tests.the('run'), 'b', 'completed', '{"result": {}, "usage": "none"}'), 'accepted', 'no list of calls is no call');
select is(tests.finish(tests.the('run'), 'c', 'completed', '{"result": {}, "usage": [{"input_tokens": 1e400, "output_tokens": 9223372036854775807, "cached_tokens": 1.4}]}'), 'accepted', 'nor do huge ones');
select results_eq(
  format('select input_tokens, output_tokens, cached_tokens from goalpost.usage_events where run_id = %s and step_key = ''c''', tests.the('run')),
  $$ values (1000000000000, 1000000000000, 1::bigint) $$, 'which are cut');
select results_eq(
  format('select step_key, provider, model, input_tokens, cost_microusd from goalpost.usage_events where run_id = %s and step_key < ''c''', tests.the('run')),
  $$ values ('a', 'unknown', 'unknown', 0::bigint, 0::bigint) $$, 'nothing negative is booked');

select * from finish();
rollback;
