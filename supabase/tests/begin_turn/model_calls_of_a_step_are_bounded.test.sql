-- The model calls of a step are bounded over all of its attempts.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
update goalpost_private.limits set max_turns_per_step = 3;
select tests.bare_turn(tests.get('run'), 'a', n, 'answered') from generate_series(1, 2) n;
select is(tests.asks_model(tests.get('run')), '{"number": 3}', 'the last allowed model call of a step begins');
select tests.model_answers(tests.get('run'), 3);
select is(tests.asks_model(tests.get('run'), 'more') #>> '{refused,code}', 'too_many_questions', 'a model call beyond the bound is refused');
select is(tests.turns(tests.get('run')), 'answered answered answered', 'a refused model call leaves no row');

select * from finish();
rollback;
