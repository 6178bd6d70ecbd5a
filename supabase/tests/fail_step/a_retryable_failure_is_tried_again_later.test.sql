-- running -> ready with the next attempt, after the back-off; the failed attempt is a row.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.fail(tests.get('run'), 'a', '{"code": "busy", "message": "come back", "retryable": true}');

select is(tests.state(tests.get('run'), 'a'), 'ready', 'a step with a retryable failure is ready again');
select is((tests.step(tests.get('run'), 'a')).attempt, 2, 'the step is in its second attempt');
select ok((tests.step(tests.get('run'), 'a')).run_after between goalpost_private.clock() + interval '1 second' and goalpost_private.clock() + interval '2 seconds', 'the first retry waits one to two seconds');
select is((tests.step(tests.get('run'), 'a')).error ->> 'code', 'busy', 'the waiting step has the error of its last attempt');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 1::bigint, 'the epoch is unchanged until the next claim');
select is(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'failed'))) #>> '{outcomes,0,verdict}', 'repeated', 'a failure reported again before that is repeated');
select tests.advance_clock('2 seconds');
select is(tests.finish(tests.get('run'), 'a', 'failed', '{"lease_epoch": 1}'), 'lease_lost', 'a failure reported after the back-off is refused as lease_lost');
select results_eq(
  format('select attempt, outcome, error ->> ''code'' from goalpost.step_attempts where run_id = %s and step_key = ''a''', tests.get('run')),
  $$ values (1, 'failed', 'busy') $$, 'the failed first attempt is on record');
select is_empty(format('select from goalpost.dead_letters where run_id = %s', tests.get('run')), 'a step with attempts left has no dead letter');

select * from finish();
rollback;
