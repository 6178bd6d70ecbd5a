-- The reservation counts bytes as tokens plus a provider's overhead at the highest input price, and all output tokens,
-- on each cap.
begin;
select plan(14);
select tests.world(p_bystanders => false);

select tests.price();
select tests.set('run', tests.working());
select is_empty('select from goalpost.budgets', 'without a model call no cap is written');
select is(tests.reserve(tests.get('run'), 'a'), '{"number": 1}', 'a model call within the caps begins');
select is(tests.caps(tests.get('run')), 'workspace_month 0+2700/250000000, user_day 0+2700/25000000, run 0+2700/5000000', 'three caps reserve (1000 + 1000) × 1.25 + 100 × 2');
select is((select string_agg(distinct reserved_tokens::text, ' ') from goalpost.budgets), '2100', 'all caps reserve the same number of tokens');
select is((select string_agg(key, ' ' order by scope) from goalpost.budgets where scope <> 'run'), tests.id_of('mia') || '/2030-01-01 2030-01', 'the caps are those of the day and of the month');
select tests.reserve(tests.get('run'), 'a');
select is(tests.caps(tests.get('run')), 'workspace_month 0+5400/250000000, user_day 0+5400/25000000, run 0+5400/5000000', 'a second call doubles the reservation');
select tests.set('other', tests.working('petra'));
select tests.reserve(tests.get('other'), 'a');
select is(tests.caps(tests.get('other')), 'workspace_month 0+8100/250000000, user_day 0+2700/25000000, run 0+2700/5000000', 'the month''s cap counts calls of all members');
select is((tests.reserve(tests.get('run'), 'a', 1000, 100, 'unknown') -> 'number')::text, '3', 'a call of an unknown model begins');
select is((select reserved_microusd from goalpost.step_turns where run_id = tests.get('run') and number = 3), 37500::bigint, 'an unknown model reserves at the ceiling: 2000 × 15 + 100 × 75');
-- The bounds are at most those of the model.
insert into goalpost.model_prices (provider, model, valid_from, input_microusd, output_microusd, cached_microusd, cache_write_microusd, source, context_tokens, max_output_tokens)
values ('p', 'small', '2020-01-01', 1000000, 2000000, 100000, 1250000, 'tests', 1500, 60);
select is(tests.reserve(tests.get('other'), 'a', 100000, 5000, 'small') ->> 'number', '2', 'a call with wider bounds than its model''s begins');
select is((select array[max_input_tokens, max_output_tokens, reserved_microusd] from goalpost.step_turns where model = 'small'), '{1500,60,1995}', 'the model''s bounds are reserved: 1500 × 1.25 + 60 × 2');
select is(tests.reserve(tests.get('other'), 'a', 100, 5, 'small') ->> 'number', '3', 'a call with narrower bounds than its model''s begins');
select is((select array[max_input_tokens, max_output_tokens] from goalpost.step_turns where model = 'small' and number = 3), '{1100,5}', 'the call''s own narrower bounds are reserved');
select is(tests.refusal(format('select tests.reserve(%s, ''a'', null)', tests.get('run'))), 'ZG003', 'a model call without bounds is refused');

select * from finish();
rollback;
