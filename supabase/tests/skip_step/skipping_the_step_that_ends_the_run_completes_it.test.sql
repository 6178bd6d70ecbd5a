-- A request of a few steps whose last one is not needed is answered, with the reason.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.ask());
select tests.do_complete(tests.get('run'), 'assess', jsonb_build_object('decision', 'steps',
  'steps', tests.steps('a, b:a', '{"b": {"condition": {"a": {"go": true}}}}')));
select tests.do_complete(tests.get('run'), 'a', '{"go": false}');
select is(tests.run_state(tests.get('run')), 'completed', 'the run');
select is((tests.request_of(tests.get('run'))).state, 'answered', 'the request');
select is((tests.request_of(tests.get('run'))).reason, 'its last step was skipped', 'and why there is no answer');

select * from finish();
rollback;
