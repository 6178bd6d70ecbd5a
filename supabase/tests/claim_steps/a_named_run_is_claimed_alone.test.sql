-- A person waits for one run: a claim that names it takes no other work, adopts no request and takes no suspected poison
-- step.
begin;
select plan(9);
select tests.world();

select tests.set('older', tests.bare_run());
select tests.bare_step(tests.get('older'), 'first', 'ready', 'assess', '{"priority": 9}');
select tests.set('other', tests.bare_run('elsewhere', 'sam'));
select tests.bare_step(tests.get('other'), 'theirs', 'ready', 'assess');
select tests.advance_clock('1 second');
select tests.set('own', tests.bare_run());
select tests.bare_step(tests.get('own'), 'mine', 'ready', 'assess');
select tests.bare_step(tests.get('own'), 'tool', 'ready', 'tool');
select tests.bare_step(tests.get('own'), 'later', 'ready', 'assess', '{"run_after": "2031-01-01 00:00:00+00"}');
insert into goalpost.requests (workspace_id, user_id, question) values (tests.id_of('acme'), tests.id_of('mia'), 'inserted directly');

create function pg_temp.claimed(p_run text) returns text
language sql as $$
  select tests.keys(goalpost_worker.claim_steps(array['assess'], 10, 30, 'person/x', p_run_id => tests.get(p_run)))
$$;
select is(pg_temp.claimed('own'), 'mine', 'a claim of a named run takes its ready step of that kind');
select is(pg_temp.claimed('own'), '', 'a second claim of the run finds nothing, though other runs have work');
select is(tests.state(tests.get('older'), 'first'), 'ready', 'an older step of the same workspace with a higher priority is left');
select is(tests.state(tests.get('other'), 'theirs'), 'ready', 'a step of another workspace is left');
select is(tests.state(tests.get('own'), 'tool'), 'ready', 'a step of another kind in the same run is left');
select is((select state from goalpost.requests where question = 'inserted directly'), 'submitted', 'requests inserted directly are not adopted by a claim for a person');

select tests.set('poison', tests.bare_run());
select tests.bare_step(tests.get('poison'), 'poison', 'ready', 'assess', '{"attempt": 3, "max_attempts": 3}');
update goalpost.steps set error = '{"code": "lease_expired"}' where run_id = tests.get('poison');
select is(pg_temp.claimed('poison'), '', 'a suspected poison step is not claimed for a person');
select is(tests.keys(goalpost_worker.claim_steps(array['assess'], 0, 30, 'person/x', p_run_id => tests.get('older'))), '', 'the limit holds for a named run too');
select is(tests.keys(tests.claim('assess', 1)), 'first', 'a claim without a run takes the oldest step of high priority');

select * from finish();
rollback;
