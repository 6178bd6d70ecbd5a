-- Three workers are lost on a step, then the fourth reports a failure: the wait is that of a first failure.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a'));
update goalpost.steps set max_attempts = 20 where run_id = tests.get('run') and key = 'a';
select tests.start(tests.get('run'), 'a');
select tests.lose(tests.get('run')), tests.lose(tests.get('run')), tests.lose(tests.get('run'));
select is((tests.step(tests.get('run'), 'a')).attempt, 4, 'three attempts were lost with their workers');
select tests.fail(tests.get('run'), 'a', '{"code": "busy", "message": "come back", "retryable": true}');
select ok(
  (tests.step(tests.get('run'), 'a')).run_after - goalpost_private.clock() between interval '1 second' and interval '2 seconds',
  'the first reported failure waits one to two seconds');
select tests.advance_clock('2 seconds');
select tests.start(tests.get('run'), 'a');
select tests.lose(tests.get('run'));
select tests.fail(tests.get('run'), 'a', '{"code": "busy", "message": "come back", "retryable": true}');
select ok(
  (tests.step(tests.get('run'), 'a')).run_after - goalpost_private.clock() between interval '2 seconds' and interval '4 seconds',
  'the second reported failure waits two to four seconds');

select * from finish();
rollback;
