-- No wait without an end: at most a year; nothing given is a second.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a, b, c'));
select tests.finish(tests.get('run'), 'a', 'waiting');
select tests.finish(tests.get('run'), 'b', 'waiting', '{"resume_after_seconds": 1e12}');
select tests.finish(tests.get('run'), 'c', 'waiting', '{"resume_after_seconds": -5}');
select is((tests.step(tests.get('run'), 'a')).run_after, goalpost_private.clock() + interval '1 second', 'no time given');
select is((tests.step(tests.get('run'), 'b')).run_after, goalpost_private.clock() + interval '365 days', 'too much');
select is((tests.step(tests.get('run'), 'c')).run_after, goalpost_private.clock(), 'less than nothing');

select * from finish();
rollback;
