-- on_reject "continue": the decision is "expired", and conditions may refer to it.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('ap, b:ap, c:ap', jsonb_build_object(
  'ap', tests.approval('{"expires_after_seconds": 3600, "on_reject": "continue"}'),
  'b', '{"condition": {"ap": {"decision": "approved"}}}'::jsonb, 'c', '{"condition": {"ap": {"decision": "expired"}}}'::jsonb)));
select tests.advance_clock('1 hour');
select goalpost_worker.sweep();
select is(tests.states(tests.get('run')), 'ap=completed b=skipped c=ready judge=pending', 'only the step with the condition expired is ready');
select is((tests.step(tests.get('run'), 'ap')).result ->> 'decision', 'expired', 'the decision of the expired approval is "expired"');

select * from finish();
rollback;
