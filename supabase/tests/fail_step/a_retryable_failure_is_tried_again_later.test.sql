-- running -> ready with the next attempt, after the back-off of the table; the failed try is a row.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.fail(tests.get('run'), 'a', '{"code": "busy", "message": "come back", "retryable": true}');

select is(tests.state(tests.get('run'), 'a'), 'ready', 'ready again');
select is((tests.step(tests.get('run'), 'a')).attempt, 2, 'for its second attempt');
select ok((tests.step(tests.get('run'), 'a')).run_after between goalpost_private.clock() + interval '1 second' and goalpost_private.clock() + interval '2 seconds', 'in one to two seconds');
select is((tests.step(tests.get('run'), 'a')).error ->> 'code', 'busy', 'the error is there to see meanwhile');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 1::bigint, 'the epoch is the worker''s still: it hears "repeated", not "lost"');
select is(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'failed'))) #>> '{outcomes,0,verdict}', 'repeated', 'as it does here');
select tests.advance_clock('2 seconds');
select is(tests.finish(tests.get('run'), 'a', 'failed', '{"lease_epoch": 1}'), 'lease_lost', 'until another has claimed it');
select results_eq(
  format('select attempt, outcome, error ->> ''code'' from goalpost.step_attempts where run_id = %s and step_key = ''a''', tests.get('run')),
  $$ values (1, 'failed', 'busy') $$, 'the first attempt is on record');
select is_empty(format('select from goalpost.dead_letters where run_id = %s', tests.get('run')), 'no dead letter yet');

select * from finish();
rollback;
