-- Long work is continued as often as it takes.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.finish(tests.get('run'), 'a', 'released') from generate_series(1, 10);
select tests.advance_clock('10 minutes');
select tests.start(tests.get('run'), 'a');
select is(goalpost_private.sweep() ->> 'steps_timed_out', '0', 'what it waited to be continued is not its time');
select is(tests.complete(tests.get('run'), 'a'), 'accepted', 'after ten releases');
select is((tests.step(tests.get('run'), 'a')).attempt, 1, 'it was the first attempt');

select * from finish();
rollback;
