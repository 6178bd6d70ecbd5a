-- A worker that holds nothing may take a suspected poison step when one of the requested kinds is ready and due.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.bare_run());
create function pg_temp.suspect(p_key text, p_state text, p_kind text, p_more jsonb) returns void language sql as $$
  select tests.bare_step(tests.get('run'), p_key, p_state, p_kind, '{"attempt": 2}' || p_more);
  update goalpost.steps set error = '{"code": "lease_expired"}' where run_id = tests.get('run') and key = p_key;
$$;
create function pg_temp.may(p_kinds text, p_worker text default 'idle') returns boolean language sql as $$
  select goalpost_private.may_claim_isolated_step(string_to_array(p_kinds, ' '), p_worker, goalpost_private.clock()) $$;

select tests.bare_step(tests.get('run'), 'new'), tests.bare_step(tests.get('run'), 'held');
update goalpost.steps set error = '{"code": "busy"}', attempt = 2 where run_id = tests.get('run') and key = 'held';
select is(pg_temp.may('tool'), false, 'a new step and one with a reported failure are no suspects');
select pg_temp.suspect('running', 'running', 'tool', '{"attempt": 3}');
update goalpost.steps set leased_by = 'busy' where run_id = tests.get('run') and key = 'running';
select is(pg_temp.may('tool'), false, 'a running suspect cannot be claimed');
-- A step that waits for a person keeps the error of its last attempt.
select pg_temp.suspect('waiting', 'waiting', 'tool', jsonb_build_object('run_after', goalpost_private.clock()));
select is(pg_temp.may('tool'), false, 'a waiting suspect cannot be claimed');
select pg_temp.suspect('later', 'ready', 'tool', jsonb_build_object('run_after', goalpost_private.clock() + interval '1 second'));
select is(pg_temp.may('tool'), false, 'a suspect before its run_after cannot be claimed');
select pg_temp.suspect('other', 'ready', 'judge', '{}');
select is(pg_temp.may('tool'), false, 'a suspect of another kind cannot be claimed');
select is(pg_temp.may('tool judge'), true, 'a ready suspect of a requested kind can be claimed');
select is(pg_temp.may('judge', 'busy'), false, 'a worker that holds a step may not take it');
select tests.advance_clock('1 second');
select is(pg_temp.may('tool'), true, 'a suspect can be claimed exactly at its run_after');
select is(pg_temp.may('tool', 'busy'), false, 'a worker that holds a step may not take that suspect');

select * from finish();
rollback;
