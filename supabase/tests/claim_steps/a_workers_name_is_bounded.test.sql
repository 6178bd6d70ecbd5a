-- The name is written into the step and its attempt at every claim.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b:a'));
select goalpost_worker.claim_steps(array['tool'], 10, 30, repeat('w', 5000));
select is(length((tests.step(tests.get('run'), 'a')).leased_by), 100, 'a claim cuts the worker''s name to 100 characters');
select goalpost_worker.finish_steps(
  jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')), array['tool'], 10, 30, repeat('w', 5000));
select is(length((tests.step(tests.get('run'), 'b')).leased_by), 100, 'a claim with an outcome cuts the worker''s name too');

select * from finish();
rollback;
