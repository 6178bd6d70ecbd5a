-- A wait is at most a year; the default is a second.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a, b, c'));
select tests.finish(tests.get('run'), 'a', 'waiting');
select tests.finish(tests.get('run'), 'b', 'waiting', '{"resume_after_seconds": 1e12}');
select tests.finish(tests.get('run'), 'c', 'waiting', '{"resume_after_seconds": -5}');
select is((tests.step(tests.get('run'), 'a')).run_after, goalpost_private.clock() + interval '1 second', 'a wait without a time lasts one second');
select is((tests.step(tests.get('run'), 'b')).run_after, goalpost_private.clock() + interval '365 days', 'a wait of more than a year is cut to a year');
select is((tests.step(tests.get('run'), 'c')).run_after, goalpost_private.clock(), 'a negative wait ends at once');

select * from finish();
rollback;
