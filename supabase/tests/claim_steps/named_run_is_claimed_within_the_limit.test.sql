-- A claim that names a run takes ready steps with attempts left, up to its limit. Steps that other workers hold, that
-- wait or that have no attempts left do not count towards the limit.
begin;
select plan(6);
select tests.world();

create function pg_temp.claimed(p_limit integer) returns text language sql as $$
  select tests.keys(goalpost_worker.claim_steps(array['tool'], p_limit, 30, 'person/x', p_run_id => tests.get('run'))) $$;
select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'a', 'running', 'tool', jsonb_build_object('priority', 9, 'run_after', goalpost_private.clock()));
select tests.bare_step(tests.get('run'), 'b', 'waiting', 'tool', jsonb_build_object('priority', 9, 'run_after', goalpost_private.clock()));
select tests.bare_step(tests.get('run'), 'c', 'ready', 'tool', '{"priority": 8, "attempt": 4, "max_attempts": 3}');
select tests.bare_step(tests.get('run'), 'd', 'ready', 'tool', '{"priority": 7, "attempt": 2}');
update goalpost.steps set error = '{"code": "busy"}' where run_id = tests.get('run') and key = 'd';
select tests.bare_step(tests.get('run'), 'e', 'ready', 'tool', '{"priority": 6, "attempt": 3, "max_attempts": 3}');
select tests.bare_step(tests.get('run'), k) from unnest(array['x', 'y', 'z']) k;
select is(pg_temp.claimed(1), 'd', 'a claim of one takes the most urgent step with attempts left');
select is(pg_temp.claimed(1), 'e', 'a step on its last attempt is claimed');
select is(pg_temp.claimed(2), 'x y', 'a claim of two takes two of three ready steps');
select is(tests.state(tests.get('run'), 'z'), 'ready', 'the third ready step is left for another claim');
select is(pg_temp.claimed(9), 'z', 'a step without attempts left is not claimed, though the limit has room');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 1::bigint, 'a step that another worker holds stays under its lease');

select * from finish();
rollback;
