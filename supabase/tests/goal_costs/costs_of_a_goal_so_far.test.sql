-- All model calls of its run count, also those with a late outcome.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b'));
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
select tests.spend(tests.get('run'), 'a', 100);
select tests.spend(tests.get('run'), 'a', 11);
select tests.spend(tests.get('run'), 'b', 7);
select results_eq(
  format('select calls, input_tokens::bigint, output_tokens::bigint, cost_microusd::bigint from goalpost.goal_costs where goal_id = %s', tests.get('goal')),
  $$ values (3::bigint, 118::bigint, 0::bigint, 118::bigint) $$, 'goal_costs sums the calls of the goal''s run');
select is(tests.value_for('sam', 'select count(*) from goalpost.goal_costs'), '0', 'a stranger sees no costs of the goal');

select * from finish();
rollback;
