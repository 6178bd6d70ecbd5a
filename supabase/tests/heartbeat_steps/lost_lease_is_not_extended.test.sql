-- held = false stops a worker: for another epoch, an ended step and an unknown step.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b'));
select tests.start(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'b');
select tests.set('until', ((tests.step(tests.get('run'), 'a')).lease_expires_at)::text);
select tests.advance_clock('5 seconds');
select tests.set('answer', goalpost_worker.heartbeat_steps(jsonb_build_array(
  tests.outcome(tests.get('run'), 'a', '-', '{"lease_epoch": 0}'), tests.outcome(tests.get('run'), 'b', '-'),
  tests.outcome(tests.get('run'), 'absent', '-')), 60)::text);

select is((select string_agg(l ->> 'step_key' || '=' || (l ->> 'held'), ' ' order by l ->> 'step_key') from jsonb_array_elements(tests.kept('answer')::jsonb) l),
  'a=false absent=false b=false', 'no lease of the three is held');
select is((tests.step(tests.get('run'), 'a')).lease_expires_at, tests.kept('until')::timestamptz, 'the lease of the running step is unchanged');

select * from finish();
rollback;
