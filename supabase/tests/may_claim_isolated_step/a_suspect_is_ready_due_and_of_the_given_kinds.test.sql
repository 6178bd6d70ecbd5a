-- A worker that holds nothing may take a suspect when one of the given kinds is ready and due.
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
select is(pg_temp.may('tool'), false, 'a step that was never tried and one that reported a failure are no suspects');
select pg_temp.suspect('running', 'running', 'tool', '{"attempt": 3}');
update goalpost.steps set leased_by = 'busy' where run_id = tests.get('run') and key = 'running';
select is(pg_temp.may('tool'), false, 'a suspect that another worker is at work on is not ready');
-- A step that waits for a person keeps the error of its last attempt.
select pg_temp.suspect('waiting', 'waiting', 'tool', jsonb_build_object('run_after', goalpost_private.clock()));
select is(pg_temp.may('tool'), false, 'a suspect that waits is not ready');
select pg_temp.suspect('later', 'ready', 'tool', jsonb_build_object('run_after', goalpost_private.clock() + interval '1 second'));
select is(pg_temp.may('tool'), false, 'a suspect whose time has not come is not due');
select pg_temp.suspect('other', 'ready', 'judge', '{}');
select is(pg_temp.may('tool'), false, 'a ready suspect of another kind is not asked for');
select is(pg_temp.may('tool judge'), true, 'a ready suspect of one of the given kinds may be taken');
select is(pg_temp.may('judge', 'busy'), false, 'a worker that holds a step may not take it');
select tests.advance_clock('1 second');
select is(pg_temp.may('tool'), true, 'a suspect is due from the very moment of its time');
select is(pg_temp.may('tool', 'busy'), false, 'a worker that holds a step may not take that one either');

select * from finish();
rollback;
