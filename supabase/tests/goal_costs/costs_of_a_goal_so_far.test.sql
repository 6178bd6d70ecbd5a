-- All model calls of its run count, also those with a late outcome.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a, b'));
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
select tests.spend(tests.get('run'), 'a', 100);
select tests.spend(tests.get('run'), 'a', 11);
select tests.spend(tests.get('run'), 'b', 7);
select results_eq(
  format('select calls, input_tokens::bigint, output_tokens::bigint, cost_microusd::bigint, estimated_microusd from goalpost.goal_costs where goal_id = %s', tests.get('goal')),
  $$ values (3::bigint, 118::bigint, 0::bigint, 118::bigint, 0::numeric) $$, 'goal_costs sums the calls of the goal''s run');
select tests.reserve(tests.get('run'), 'b', 5);
select tests.end_turn(tests.get('run'), 'b', 2, tests.no_end());
select is((select cost_microusd::bigint - 118 from goalpost.goal_costs where goal_id = tests.get('goal')),
          (select estimated_microusd::bigint from goalpost.goal_costs where goal_id = tests.get('goal')), 'a call of unknown outcome counts as an estimate');
select isnt((select estimated_microusd::bigint from goalpost.goal_costs where goal_id = tests.get('goal')), 0::bigint, 'the estimate has an amount');
select is(tests.value_for('sam', 'select count(*) from goalpost.goal_costs'), '0', 'a stranger sees no costs of the goal');

select * from finish();
rollback;
