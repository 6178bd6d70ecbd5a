-- The wait grows with the failures of this step alone, and not with those of a step under the same key in another run.
begin;
select plan(1);
select tests.world();

select tests.set('other', tests.planned('a'));
insert into goalpost.step_attempts (run_id, step_key, attempt, workspace_id, outcome, ended_at)
select tests.get('other'), 'a', n, tests.id_of('acme'), 'failed', goalpost_private.clock() from generate_series(1, 8) n;
select tests.set('run', tests.planned('a'));
select tests.fail(tests.get('run'), 'a', '{"code": "busy", "message": "come back", "retryable": true}');
select ok((tests.step(tests.get('run'), 'a')).run_after - goalpost_private.clock() between interval '1 second' and interval '2 seconds',
  'a first failure waits one to two seconds');

select * from finish();
rollback;
