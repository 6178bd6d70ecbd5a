-- By tokens and the price at which it was asked; unknown counts as all that was set aside; once, whoever tells it how often.
begin;
select plan(23);
select tests.world();

select tests.price();
select tests.keep('run', tests.working());
create function pg_temp.spent() returns text language sql as $$ select string_agg(distinct b.spent_microusd || '+' || b.reserved_microusd || ' ' || b.spent_tokens || '+' || b.reserved_tokens, ', ') from goalpost.budgets b $$;
select tests.reserve(tests.the('run'), 'a') from generate_series(1, 7);
select is(pg_temp.spent(), '0+18900 0+14700', 'seven are asked');
select tests.settle(tests.the('run'), 'a', 1, 'answered', 1000, 100, 400, 200);
select is((select cost_microusd from goalpost.step_turns where number = 1), 890::bigint, '400 × 1 + 400 × 0.1 + 200 × 1.25 + 100 × 2');
select is(pg_temp.spent(), '890+16200 1100+12600', 'the rest is given back, on all caps');
select tests.settle(tests.the('run'), 'a', 1, 'answered', 1000, 100, 400, 200);
select is(pg_temp.spent(), '890+16200 1100+12600', 'told twice, it is booked once');
select results_eq('select number, input_tokens, output_tokens, cached_tokens, cost_microusd, counted, is_estimate from goalpost.usage_events',
  'values (1, 1000::bigint, 100::bigint, 400::bigint, 890::bigint, true, false)', 'the row of usage');
select tests.settle(tests.the('run'), 'a', 2, 'unknown');
select is(pg_temp.spent(), '3590+13500 3200+10500', 'unknown: all that was set aside');
select is((select is_estimate from goalpost.usage_events where number = 2), true, 'and it says so');
select tests.settle(tests.the('run'), 'a', 2, 'unknown');
select is(pg_temp.spent(), '3590+13500 3200+10500', 'once');
select tests.settle(tests.the('run'), 'a', 2, 'answered', 10, 10);
select is(pg_temp.spent(), '920+13500 1120+10500', 'a late truth takes the place of the estimate');
select is((select is_estimate or input_tokens <> 10 or cost_microusd <> 30 from goalpost.usage_events where number = 2), false, 'in the row of usage, too');
select tests.settle(tests.the('run'), 'a', 2, 'unknown');
select is(pg_temp.spent(), '920+13500 1120+10500', 'and is not forgotten again');
select tests.settle(tests.the('run'), 'a', 3, 'failed', 0, 0, 0, 0, '{"code": "overloaded"}');
select is(pg_temp.spent(), '920+10800 1120+8400', 'a failure that was not charged costs nothing');
select tests.settle(tests.the('run'), 'a', 4, 'failed', 0, 0, 0, 0, '{"code": "timeout", "charged": "unknown"}');
select is(pg_temp.spent(), '3620+8100 3220+6300', 'one that may have been counts as all that was set aside');
select tests.settle(tests.the('run'), 'a', 5, 'failed', 100, 0);
select is(pg_temp.spent(), '3720+5400 3320+4200', 'one that was, what it cost');
select tests.settle(tests.the('run'), 'a', 6, 'answered', 1000000, 1000000);
select is((select cost_microusd from goalpost.step_turns where number = 6), 2700::bigint, 'never more than was set aside');
select is(pg_temp.spent(), '6420+2700 5420+2100', 'nor on the caps');
-- The price is that of the time when it was asked, and so are the day and the month.
select tests.pass('40 days');
insert into goalpost.model_prices values ('p', 'm', goalpost_private.clock(), 100000000, 100000000, 100000000, 100000000, 'dear');
select tests.settle(tests.the('run'), 'a', 7, 'answered', 100, 50);
select is((select cost_microusd from goalpost.step_turns where number = 7), 200::bigint, 'a price that holds since then is not its own');
select is(pg_temp.spent(), '6620+0 5570+0', 'the caps are those of its day and month');
select is((select count(*) from goalpost.budgets), 3::bigint, 'no other is opened');
select is((select sum(cost_microusd) from goalpost.usage_events), 6620::numeric, 'usage adds up to what is spent');
select is((select sum(cost_microusd) from goalpost.step_turns), 6620::numeric, 'and so do the turns');

-- A row of usage that a worker told under the same number is no reason to keep what was set aside.
select tests.keep('other', tests.working('petra'));
select tests.reserve(tests.the('other'), 'a');
insert into goalpost.usage_events (run_id, step_key, lease_epoch, number, workspace_id, provider, model, created_at)
values (tests.the('other'), 'a', 1, 1, tests.id_of('acme'), 'offline', 'none', goalpost_private.clock());
select tests.settle(tests.the('other'), 'a', 1, 'answered', 100, 50);
select matches(tests.caps(tests.the('other')), 'run 15000\+0/', 'it is given back, and what it cost is spent');
select is((select model || ' ' || cost_microusd from goalpost.usage_events where run_id = tests.the('other')), 'm 15000', 'and booked');

select * from finish();
rollback;
