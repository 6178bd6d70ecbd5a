-- running -> waiting without a time; -> ready at once if nothing is open any more.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
insert into goalpost.approvals (workspace_id, run_id, step_key, question, shown, required_role, expires_at, requested_at, on_reject)
values (tests.id_of('acme'), tests.get('run'), 'a', 'May it?', '{}', 'approver', now() + interval '1 year', now(), 'fail');
select is(tests.finish(tests.get('run'), 'a', 'waiting', '{"for": "others"}'), 'accepted', 'waiting for an open approval is accepted');
select is((select (s.state, s.run_after is null, s.attempt)::text from tests.step(tests.get('run'), 'a') s), '(waiting,t,1)', 'the step waits without a time and keeps its attempt');
update goalpost.steps set state = 'ready', run_after = goalpost_private.clock() where run_id = tests.get('run') and key = 'a';
update goalpost.approvals set state = 'cancelled', decided_at = now() where run_id = tests.get('run');
select tests.bare_call(tests.get('run'), 'a', 1, 'waiting', '{"works_in_step": "b"}');
update goalpost.steps set dependents = array['a'] where run_id = tests.get('run') and key = 'b';
select tests.finish(tests.get('run'), 'a', 'waiting', '{"for": "others"}');
select is(tests.state(tests.get('run'), 'a'), 'waiting', 'the step waits while another step works for its call');
update goalpost.steps set state = 'ready', run_after = goalpost_private.clock() where run_id = tests.get('run') and key = 'a';
select tests.do_complete(tests.get('run'), 'b');
select tests.start(tests.get('run'), 'a') where tests.state(tests.get('run'), 'a') = 'ready';
delete from goalpost.wakes;
select tests.finish(tests.get('run'), 'a', 'waiting', '{"for": "others"}');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'the step is ready at once if the other has ended');
select is(tests.wake_count('executor'), 1::bigint, 'one wake is sent for the step that is ready');

select * from finish();
rollback;
