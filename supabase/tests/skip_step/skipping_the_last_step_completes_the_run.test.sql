-- A request of a few steps whose last one is skipped is answered, with the reason.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.ask());
select tests.do_complete(tests.get('run'), 'assess', jsonb_build_object('decision', 'steps',
  'steps', tests.steps('a, b:a', '{"b": {"condition": {"a": {"go": true}}}}')));
select tests.do_complete(tests.get('run'), 'a', '{"go": false}');
select is(tests.run_state(tests.get('run')), 'completed', 'the run is completed when its last step is skipped');
select is((tests.request_of(tests.get('run'))).state, 'answered', 'the request is answered when the last step is skipped');
select is((tests.request_of(tests.get('run'))).reason, 'its last step was skipped', 'the reason states that the last step was skipped');

select * from finish();
rollback;
