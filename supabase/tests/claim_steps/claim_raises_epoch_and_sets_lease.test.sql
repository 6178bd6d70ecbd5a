-- The epoch is the fencing token: each claim gives a new one. A claim does not change the attempt.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'a', p_more => '{"lease_epoch": 41, "attempt": 2}');
select tests.set('claimed', tests.claim('tool', 1, 45)::text);

select is(tests.kept('claimed')::jsonb -> 0 ->> 'lease_epoch', '42', 'the claimed step contains the raised epoch');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 42::bigint, 'the row of the step has the raised epoch');
select is((tests.step(tests.get('run'), 'a')).attempt, 2, 'a claim does not change the attempt');
select is((tests.step(tests.get('run'), 'a')).state, 'running', 'a claimed step is in the state running');
select is((tests.step(tests.get('run'), 'a')).lease_expires_at, '2030-01-01 12:00:45+00'::timestamptz, 'the lease ends after the requested 45 seconds');
select is((tests.step(tests.get('run'), 'a')).leased_by, 'test', 'the step has the name of the worker');
select is((tests.step(tests.get('run'), 'a')).started_at, goalpost_private.clock(), 'the step has started at the claim');

select * from finish();
rollback;
