-- By tokens and the price at the time of the call; an unknown end counts as all that was reserved; repeated ends are
-- booked once.
begin;
select plan(24);
select tests.world(p_bystanders => false);

select tests.price();
select tests.set('run', tests.working());
create function pg_temp.spent() returns text language sql as $$ select string_agg(distinct b.spent_microusd || '+' || b.reserved_microusd || ' ' || b.spent_tokens || '+' || b.reserved_tokens, ', ') from goalpost.budgets b $$;
select tests.reserve(tests.get('run'), 'a') from generate_series(1, 7);
select is(pg_temp.spent(), '0+18900 0+14700', 'seven calls have reserved their maximum cost');
select tests.end_turn(tests.get('run'), 'a', 1, tests.answer(1000, 100, 400, 200));
select is((select cost_microusd from goalpost.step_turns where number = 1), 890::bigint, 'the cost adds input, cached, cache-written and output tokens at their prices');
select is(pg_temp.spent(), '890+16200 1100+12600', 'the rest of the reservation is released on all caps');
select tests.end_turn(tests.get('run'), 'a', 1, tests.answer(1000, 100, 400, 200));
select is(pg_temp.spent(), '890+16200 1100+12600', 'a repeated end is booked once');
select results_eq('select number, input_tokens, output_tokens, cached_tokens, cost_microusd, counted, is_estimate from goalpost.usage_events',
  'values (1, 1000::bigint, 100::bigint, 400::bigint, 890::bigint, true, false)', 'the row of usage has the tokens and the cost');
select tests.end_turn(tests.get('run'), 'a', 2, tests.no_end());
select is(pg_temp.spent(), '3590+13500 3200+10500', 'an unknown end costs all that was reserved');
select is((select is_estimate from goalpost.usage_events where number = 2), true, 'the usage of an unknown end is marked as an estimate');
select tests.end_turn(tests.get('run'), 'a', 2, tests.no_end());
select is(pg_temp.spent(), '3590+13500 3200+10500', 'a repeated unknown end is booked once');
select results_eq('select input_tokens, output_tokens from goalpost.usage_events where number = 2', 'values (2000::bigint, 100::bigint)', 'an unknown end uses the reserved tokens');
-- The worker reports the end later, after it lost the lease.
update goalpost.steps set lease_epoch = lease_epoch + 1 where run_id = tests.get('run');
select tests.end_turn(tests.get('run'), 'a', 2, tests.answer(10, 10));
select is(pg_temp.spent(), '920+13500 1120+10500', 'a late end replaces the estimate');
select is((select is_estimate or input_tokens <> 10 or cost_microusd <> 30 from goalpost.usage_events where number = 2), false, 'the row of usage has the late cost');
select tests.end_turn(tests.get('run'), 'a', 2, tests.no_end());
select is(pg_temp.spent(), '920+13500 1120+10500', 'an unknown end does not replace a known cost');
select tests.end_turn(tests.get('run'), 'a', 3, '{"error": {"code": "overloaded"}, "charged": "no"}');
select is(pg_temp.spent(), '920+10800 1120+8400', 'a failure that was not charged costs nothing');
select tests.end_turn(tests.get('run'), 'a', 4, '{"error": {"code": "model_malformed"}}');
select is(pg_temp.spent(), '3620+8100 3220+6300', 'a failure without a charge mark costs its reservation');
select tests.end_turn(tests.get('run'), 'a', 5, '{"error": {"code": "model_malformed"}, "charged": "unknown", "usage": {"input_tokens": 100, "is_estimate": true}}');
select is(pg_temp.spent(), '3720+5400 3320+4200', 'a failure with usage costs what it used');
select is((select is_estimate from goalpost.usage_events where number = 5), true, 'estimated usage is marked as an estimate');
select tests.end_turn(tests.get('run'), 'a', 6, tests.answer(1000000, 1000000));
select is((select cost_microusd from goalpost.step_turns where number = 6), 2200::bigint, 'no more tokens are booked than were reserved');
select is(pg_temp.spent(), '5920+2700 5420+2100', 'the caps have spent no more than was reserved');
-- The price is that of the time of the call, and so are the day and the month.
select tests.advance_clock('40 days');
insert into goalpost.model_prices (provider, model, valid_from, input_microusd, output_microusd, cached_microusd, cache_write_microusd, source)
values ('p', 'm', goalpost_private.clock(), 100000000, 100000000, 100000000, 100000000, 'costly');
select tests.end_turn(tests.get('run'), 'a', 7, tests.answer(100, 50));
select is((select cost_microusd from goalpost.step_turns where number = 7), 200::bigint, 'a later price does not apply to the earlier call');
select is(pg_temp.spent(), '6120+0 5570+0', 'the cost is booked on the caps of the call''s day and month');
select is((select count(*) from goalpost.budgets), 3::bigint, 'no cap of the later day is opened');
select is((select sum(cost_microusd) from goalpost.usage_events), 6120::numeric, 'usage adds up to what is spent');
select is((select sum(cost_microusd) from goalpost.step_turns), 6120::numeric, 'the turns add up to what is spent');

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
