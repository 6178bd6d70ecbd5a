-- Everything below counts for the request; a sub-goal that names a budget of its own has less, and never more.
begin;
select plan(10);
select tests.world(p_bystanders => false);

select tests.price();
create function pg_temp.sub(p_budget text) returns jsonb language sql as $$ select tests.subgoal() || jsonb_build_object('input', tests.subgoal() -> 'input' || jsonb_build_object('budget', p_budget::jsonb)) $$;
select tests.set('run', tests.planned('small, big, plain, odd', jsonb_build_object('small', pg_temp.sub('{"max_microusd": 3000}'), 'big', pg_temp.sub('{"max_microusd": 900000000}'), 'plain', tests.subgoal(), 'odd', pg_temp.sub('{"max_microusd": "all"}'))));
select tests.set(k, tests.run_below(tests.get('run'), k)) from unnest(array['small', 'big', 'plain', 'odd']) k;
select tests.start(tests.get('small'), 'plan');
select tests.reserve(tests.get('small'), 'plan');
select is(tests.caps(tests.get('small')), 'workspace_month 0+2700/250000000, user_day 0+2700/25000000, run 0+2700/5000000, run 0+2700/3000', 'its own and the request''s');
select isnt(tests.reserve(tests.get('small'), 'plan') -> 'wait', null, 'what is left of its own is set aside');
select is(tests.caps(tests.get('small')), 'workspace_month 0+2700/250000000, user_day 0+2700/25000000, run 0+2700/5000000, run 0+2700/3000', 'nothing was set aside');
select tests.reserve(tests.get('big'), 'plan');
select matches(tests.caps(tests.get('big')), 'run 0\+2700/4997300$', 'no more than what is left of the request''s');
select tests.reserve(tests.get('plain'), 'plan');
select is(tests.caps(tests.get('plain')), 'workspace_month 0+8100/250000000, user_day 0+8100/25000000, run 0+8100/5000000', 'without one it has the request''s');
select tests.reserve(tests.get('odd'), 'plan');
select matches(tests.caps(tests.get('odd')), 'run 0\+2700/4991900$', 'what is no number is what is left');
select is((select count(*) from goalpost.budgets where scope = 'run'), 4::bigint, 'a row for each that names one, and the request''s');
select tests.end_turn(tests.get('small'), 'plan', 1, tests.answer(500, 100));
select is(tests.caps(tests.get('small')), 'workspace_month 700+8100/250000000, user_day 700+8100/25000000, run 700+8100/5000000, run 700+0/3000', 'settled on all of them');
select is((select root_run_id from goalpost.workflow_runs where id = tests.get('run'))::text, (select min(key::bigint)::text from goalpost.budgets where scope = 'run'), 'the request''s is that of its first run');

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
