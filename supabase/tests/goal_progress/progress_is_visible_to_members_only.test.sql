-- The view runs with its caller's rights over rows under row-level security.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select is(tests.value_for('vera', 'select count(*) from goalpost.goal_progress'), '1', 'a viewer sees the progress of a goal');
select is(tests.value_for('vera', 'select steps_total from goalpost.goal_progress'), '3', 'a viewer sees the steps of the progress');
select is(tests.value_for('sam', 'select count(*) from goalpost.goal_progress'), '0', 'a stranger sees no progress');
select is(tests.value_for('sam', format('select steps_total from goalpost_private.goal_progress(%s)', (tests.goal_of(tests.get('run'))).id)), null, 'a stranger gets no progress from the private function');

select * from finish();
rollback;
