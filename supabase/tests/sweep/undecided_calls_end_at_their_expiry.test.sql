-- pending -> expired: a held call is not made, a question has no answer, an unknown outcome stays unknown; the step is
-- ready.
begin;
select plan(4);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.asks(tests.get('run'), 'a', k, '{"expires_in_seconds": 60}') from unnest(array['tool_call', 'question', 'outcome_unknown']) k;
select tests.leave_waiting(tests.get('run'), 'a');
select tests.advance_clock('1 minute');
select is((goalpost_worker.sweep()) ->> 'approvals_expired', '3', 'three overdue approvals expire in one sweep');
select is((select string_agg(state, ' ' order by number) from goalpost.tool_calls), 'denied denied failed', 'held call and question are denied, the unknown call fails');
select is((tests.the_call(tests.get('run'), 'a')).error ->> 'code', 'expired', 'the error of the denied call has the code expired');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'the step is ready after its approvals expired');

select * from finish();
rollback;
