-- By tokens and the price at which it was asked; unknown counts as all that was set aside; once, whoever tells it how often.
begin;
select plan(24);
select tests.world(p_bystanders => false);

select tests.price();
select tests.set('run', tests.working());
create function pg_temp.spent() returns text language sql as $$ select string_agg(distinct b.spent_microusd || '+' || b.reserved_microusd || ' ' || b.spent_tokens || '+' || b.reserved_tokens, ', ') from goalpost.budgets b $$;
select tests.reserve(tests.get('run'), 'a') from generate_series(1, 7);
select is(pg_temp.spent(), '0+18900 0+14700', 'seven calls have reserved what they may cost');
select tests.end_turn(tests.get('run'), 'a', 1, tests.answer(1000, 100, 400, 200));
select is((select cost_microusd from goalpost.step_turns where number = 1), 890::bigint, '400 × 1 + 400 × 0.1 + 200 × 1.25 + 100 × 2');
select is(pg_temp.spent(), '890+16200 1100+12600', 'the rest is given back, on all caps');
select tests.end_turn(tests.get('run'), 'a', 1, tests.answer(1000, 100, 400, 200));
select is(pg_temp.spent(), '890+16200 1100+12600', 'told twice, it is booked once');
select results_eq('select number, input_tokens, output_tokens, cached_tokens, cost_microusd, counted, is_estimate from goalpost.usage_events',
  'values (1, 1000::bigint, 100::bigint, 400::bigint, 890::bigint, true, false)', 'the row of usage');
select tests.end_turn(tests.get('run'), 'a', 2, tests.no_end());
select is(pg_temp.spent(), '3590+13500 3200+10500', 'unknown: all that was set aside');
select is((select is_estimate from goalpost.usage_events where number = 2), true, 'and it says so');
select tests.end_turn(tests.get('run'), 'a', 2, tests.no_end());
select is(pg_temp.spent(), '3590+13500 3200+10500', 'once');
select results_eq('select input_tokens, output_tokens from goalpost.usage_events where number = 2', 'values (2000::bigint, 100::bigint)', 'an unknown call has used the tokens that were reserved');
-- Its worker reports the end after all, and has lost the lease.
update goalpost.steps set lease_epoch = lease_epoch + 1 where run_id = tests.get('run');
select tests.end_turn(tests.get('run'), 'a', 2, tests.answer(10, 10));
select is(pg_temp.spent(), '920+13500 1120+10500', 'a late end takes the place of the estimate');
select is((select is_estimate or input_tokens <> 10 or cost_microusd <> 30 from goalpost.usage_events where number = 2), false, 'the row of usage has the late cost');
select tests.end_turn(tests.get('run'), 'a', 2, tests.no_end());
select is(pg_temp.spent(), '920+13500 1120+10500', 'a cost that is known is not forgotten');
select tests.end_turn(tests.get('run'), 'a', 3, '{"error": {"code": "overloaded"}, "charged": "no"}');
select is(pg_temp.spent(), '920+10800 1120+8400', 'a failure that was not charged costs nothing');
select tests.end_turn(tests.get('run'), 'a', 4, '{"error": {"code": "model_malformed"}}');
select is(pg_temp.spent(), '3620+8100 3220+6300', 'a failure that does not say what it cost counts as all that was reserved');
select tests.end_turn(tests.get('run'), 'a', 5, '{"error": {"code": "model_malformed"}, "charged": "unknown", "usage": {"input_tokens": 100, "is_estimate": true}}');
select is(pg_temp.spent(), '3720+5400 3320+4200', 'a failure with usage costs what it used');
select is((select is_estimate from goalpost.usage_events where number = 5), true, 'usage that was estimated says so');
select tests.end_turn(tests.get('run'), 'a', 6, tests.answer(1000000, 1000000));
select is((select cost_microusd from goalpost.step_turns where number = 6), 2200::bigint, 'no more tokens are booked than were reserved');
select is(pg_temp.spent(), '5920+2700 5420+2100', 'no more is spent than that');
-- The price is that of the time when it was asked, and so are the day and the month.
select tests.advance_clock('40 days');
insert into goalpost.model_prices (provider, model, valid_from, input_microusd, output_microusd, cached_microusd, cache_write_microusd, source)
values ('p', 'm', goalpost_private.clock(), 100000000, 100000000, 100000000, 100000000, 'dear');
select tests.end_turn(tests.get('run'), 'a', 7, tests.answer(100, 50));
select is((select cost_microusd from goalpost.step_turns where number = 7), 200::bigint, 'a price that holds since then is not its own');
select is(pg_temp.spent(), '6120+0 5570+0', 'the caps are those of its day and month');
select is((select count(*) from goalpost.budgets), 3::bigint, 'no other is opened');
select is((select sum(cost_microusd) from goalpost.usage_events), 6120::numeric, 'usage adds up to what is spent');
select is((select sum(cost_microusd) from goalpost.step_turns), 6120::numeric, 'the turns add up to what is spent');

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
