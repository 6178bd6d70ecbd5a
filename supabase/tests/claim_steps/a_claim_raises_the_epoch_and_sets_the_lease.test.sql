-- The epoch is the fencing token: each claim gives a new one. The attempt is not touched by claiming.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'a', p_more => '{"lease_epoch": 41, "attempt": 2}');
select tests.set('claimed', tests.claim('tool', 1, 45)::text);

select is(tests.kept('claimed')::jsonb -> 0 ->> 'lease_epoch', '42', 'the worker is told the new epoch');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 42::bigint, 'which is the row''s');
select is((tests.step(tests.get('run'), 'a')).attempt, 2, 'the attempt is as before');
select is((tests.step(tests.get('run'), 'a')).state, 'running', 'it is running');
select is((tests.step(tests.get('run'), 'a')).lease_expires_at, '2030-01-01 12:00:45+00'::timestamptz, 'until its lease ends');
select is((tests.step(tests.get('run'), 'a')).leased_by, 'test', 'by that worker');
select is((tests.step(tests.get('run'), 'a')).started_at, goalpost_private.clock(), 'since now');

select * from finish();
rollback;
