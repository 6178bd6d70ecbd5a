-- Negative numbers and missing names never stop an outcome.
begin;
select plan(3);
select tests.world();

select tests.keep('run', tests.planned('a, b'));
select is(tests.finish(tests.the('run'), 'a', 'completed', '{"result": {}, "usage": [{"input_tokens": -5, "cost_microusd": -1}]}'), 'accepted', 'accepted');
select is(tests.finish(tests.the('run'), 'b', 'completed', '{"result": {}, "usage": "none"}'), 'accepted', 'no list of calls is no call');
select results_eq(
  format('select step_key, provider, model, input_tokens, cost_microusd from goalpost.usage_events where run_id = %s', tests.the('run')),
  $$ values ('a', 'unknown', 'unknown', 0::bigint, 0::bigint) $$, 'nothing negative is booked');

select * from finish();
rollback;
