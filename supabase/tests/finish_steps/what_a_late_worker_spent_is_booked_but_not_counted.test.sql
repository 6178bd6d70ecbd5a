-- Spent is spent, also when the outcome came too late; and it is booked once, however often it is sent.
begin;
select plan(1);
select tests.world();

select tests.keep('run', tests.planned('a'));
select tests.start(tests.the('run'), 'a');
select tests.pass('31 seconds');
select goalpost_worker.sweep();
select tests.start(tests.the('run'), 'a');
select tests.finish(tests.the('run'), 'a', 'completed',
  '{"lease_epoch": 1, "result": {}, "usage": [{"provider": "p", "model": "m", "input_tokens": 10, "output_tokens": 2, "cost_microusd": 70}]}')
  from generate_series(1, 3);
select tests.finish(tests.the('run'), 'a', 'completed',
  '{"result": {}, "usage": [{"provider": "p", "model": "m", "input_tokens": 11, "cost_microusd": 80}, {"provider": "p", "model": "m", "cached_tokens": 4}]}')
  from generate_series(1, 2);

select results_eq(
  format('select lease_epoch, number, input_tokens, output_tokens, cached_tokens, cost_microusd, counted
            from goalpost.usage_events where run_id = %s and step_key = ''a'' order by 1, 2', tests.the('run')),
  $$ values (1::bigint, 1, 10::bigint, 2::bigint, 0::bigint, 70::bigint, false),
            (3, 1, 11, 0, 0, 80, true), (3, 2, 0, 0, 4, 0, true) $$,
  'each lease''s calls once; the late ones not counted');

select * from finish();
rollback;
