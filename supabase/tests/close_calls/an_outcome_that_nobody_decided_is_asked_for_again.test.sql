-- A call whose outcome nobody decided in time fails its step; retrying the step asks again and does not repeat the call.
begin;
select plan(8);
select tests.world();

insert into goalpost.tools (name, description, parameters, idempotent, writes) values ('once', 'o', '{}', false, true);
create function pg_temp.freeze() returns text language sql as $$
  select goalpost_worker.freeze_calls(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, '[{"call_id": "tool", "tool": "once"}]') #>> '{calls,0,state}' $$;
select tests.set('run', tests.planned('a', '{"a": {"input": {"tool": "once", "arguments": {}}}}'));
select tests.start(tests.get('run'), 'a');
select is(pg_temp.freeze(), 'intended', 'the call may be made');
select goalpost_worker.begin_calls(tests.get('run'), 'a', 1, '{1}');
select tests.lose(tests.get('run'));
select is(pg_temp.freeze(), 'unknown', 'its worker died, so that its outcome is unknown');
select tests.finish(tests.get('run'), 'a', 'waiting', '{"for": "others"}');
select tests.advance_clock('8 days');
select goalpost_private.expire_approval(tests.approval_of(tests.get('run'), 'a'), goalpost_private.clock());
select is((tests.call_of(tests.get('run'), 1)).state || ' ' || ((tests.call_of(tests.get('run'), 1)).error ->> 'code'), 'failed expired', 'nobody decided');
select tests.do_fail(tests.get('run'), 'a');
select tests.report_failure(tests.get('run'));
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'a')));
select tests.start(tests.get('run'), 'a');
select is(pg_temp.freeze(), 'unknown', 'a retried step finds the outcome unknown');
select is((select count(*) from goalpost.approvals a where a.run_id = tests.get('run') and a.kind = 'outcome_unknown' and a.state = 'pending'), 1::bigint, 'and a person is asked again');
select tests.finish(tests.get('run'), 'a', 'waiting', '{"for": "others"}');
select tests.decide('petra', (select a.id from goalpost.approvals a where a.run_id = tests.get('run') and a.state = 'pending'), 'not_happened');
select tests.start(tests.get('run'), 'a');
select is(pg_temp.freeze(), 'intended', 'when they decide that it did not happen, it may be made');
select is((tests.call_of(tests.get('run'), 1)).idempotency_key, format('%s/%s/a', tests.id_of('acme'), tests.get('run')), 'under the key that it had');
select is((select count(*) from goalpost.tool_calls where run_id = tests.get('run')), 1::bigint, 'as the same call');

select * from finish();
rollback;
