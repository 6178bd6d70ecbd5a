-- Long work is continued in as many releases as it takes.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.finish(tests.get('run'), 'a', 'released') from generate_series(1, 10);
select tests.advance_clock('10 minutes');
select tests.start(tests.get('run'), 'a');
select is(goalpost_private.sweep() ->> 'steps_timed_out', '0', 'the time between release and claim is not working time');
select is(tests.complete(tests.get('run'), 'a'), 'accepted', 'a completion after ten releases is accepted');
select is((tests.step(tests.get('run'), 'a')).attempt, 1, 'the step is still in its first attempt');

select * from finish();
rollback;
