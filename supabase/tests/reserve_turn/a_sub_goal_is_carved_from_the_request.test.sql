-- The spending of sub-goals counts for the request; a sub-goal with a budget has a smaller cap, and never a larger one.
begin;
select plan(10);
select tests.world(p_bystanders => false);

select tests.price();
create function pg_temp.sub(p_budget text) returns jsonb language sql as $$ select tests.subgoal() || jsonb_build_object('input', tests.subgoal() -> 'input' || jsonb_build_object('budget', p_budget::jsonb)) $$;
select tests.set('run', tests.planned('small, big, plain, odd', jsonb_build_object('small', pg_temp.sub('{"max_microusd": 3000}'), 'big', pg_temp.sub('{"max_microusd": 900000000}'), 'plain', tests.subgoal(), 'odd', pg_temp.sub('{"max_microusd": "all"}'))));
select tests.set(k, tests.run_below(tests.get('run'), k)) from unnest(array['small', 'big', 'plain', 'odd']) k;
select tests.start(tests.get('small'), 'plan');
select tests.reserve(tests.get('small'), 'plan');
select is(tests.caps(tests.get('small')), 'workspace_month 0+2700/250000000, user_day 0+2700/25000000, run 0+2700/5000000, run 0+2700/3000', 'a sub-goal''s call counts for its own and the request''s caps');
select isnt(tests.reserve(tests.get('small'), 'plan') -> 'wait', null, 'a second call waits while the sub-goal''s cap is reserved');
select is(tests.caps(tests.get('small')), 'workspace_month 0+2700/250000000, user_day 0+2700/25000000, run 0+2700/5000000, run 0+2700/3000', 'a waiting call reserves nothing');
select tests.reserve(tests.get('big'), 'plan');
select matches(tests.caps(tests.get('big')), 'run 0\+2700/4997300$', 'a larger budget is cut to the request''s remaining cap');
select tests.reserve(tests.get('plain'), 'plan');
select is(tests.caps(tests.get('plain')), 'workspace_month 0+8100/250000000, user_day 0+8100/25000000, run 0+8100/5000000', 'a sub-goal without a budget has the request''s caps');
select tests.reserve(tests.get('odd'), 'plan');
select matches(tests.caps(tests.get('odd')), 'run 0\+2700/4991900$', 'a budget that is no number has the request''s remaining cap');
select is((select count(*) from goalpost.budgets where scope = 'run'), 4::bigint, 'each sub-goal with a budget has a row of its own');
select tests.end_turn(tests.get('small'), 'plan', 1, tests.answer(500, 100));
select is(tests.caps(tests.get('small')), 'workspace_month 700+8100/250000000, user_day 700+8100/25000000, run 700+8100/5000000, run 700+0/3000', 'a settled call is booked on all caps');
select is((select root_run_id from goalpost.workflow_runs where id = tests.get('run'))::text, (select min(key::bigint)::text from goalpost.budgets where scope = 'run'), 'the request''s cap belongs to its first run');

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
