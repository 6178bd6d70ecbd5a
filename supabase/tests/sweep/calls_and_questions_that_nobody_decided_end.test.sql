-- pending -> expired: the call is not made, the question has no answer, what became of a call stays unknown; the step goes on.
begin;
select plan(4);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.asks(tests.get('run'), 'a', k, '{"expires_in_seconds": 60}') from unnest(array['tool_call', 'question', 'outcome_unknown']) k;
select tests.leave_waiting(tests.get('run'), 'a');
select tests.advance_clock('1 minute');
select is((goalpost_worker.sweep()) ->> 'approvals_expired', '3', 'three');
select is((select string_agg(state, ' ' order by number) from goalpost.tool_calls), 'denied denied failed', 'the calls');
select is((tests.the_call(tests.get('run'), 'a')).error ->> 'code', 'expired', 'the model is told');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'the step goes on');

select * from finish();
rollback;
