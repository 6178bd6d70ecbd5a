-- An invoker's view over rows under row-level security.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select is(tests.value_for('vera', 'select count(*) from goalpost.goal_progress'), '1', 'a viewer sees it');
select is(tests.value_for('vera', 'select steps_total from goalpost.goal_progress'), '3', 'with its steps');
select is(tests.value_for('sam', 'select count(*) from goalpost.goal_progress'), '0', 'a stranger does not');
select is(tests.value_for('sam', format('select steps_total from goalpost_private.goal_progress(%s)', (tests.goal_of(tests.get('run'))).id)), null, 'nor by the function below it');

select * from finish();
rollback;
