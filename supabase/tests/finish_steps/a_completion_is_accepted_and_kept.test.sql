-- running -> completed, with its result, a row for its attempt, and an event.
begin;
select plan(6);
select tests.world();

select tests.set('run', tests.planned('a, b:a'));
select is(tests.complete(tests.get('run'), 'a', '{"rows": [1, 2]}'), 'accepted', 'a completion under the lease is accepted');
select is(tests.states(tests.get('run')), 'a=completed b=ready judge=pending', 'the step is completed and its dependent is ready');
select is((tests.step(tests.get('run'), 'a')).result, '{"rows": [1, 2]}', 'the completed step has its result');
select is((tests.step(tests.get('run'), 'a')).lease_expires_at, null, 'the completed step has no lease');
select results_eq(
  format('select attempt, outcome, worker, error from goalpost.step_attempts where run_id = %s and step_key = ''a''', tests.get('run')),
  $$ values (1, 'completed', 'test', null::jsonb) $$, 'the completed attempt is on record');
select isnt_empty(
  format('select from goalpost.events where run_id = %s and step_key = ''a'' and type = ''step.completed''', tests.get('run')),
  'the completion is an event');

select * from finish();
rollback;
