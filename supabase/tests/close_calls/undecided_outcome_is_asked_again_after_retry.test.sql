-- A call whose outcome is not decided in time fails its step; retrying the step asks again and does not repeat the call.
begin;
select plan(8);
select tests.world();

insert into goalpost.tools (name, description, parameters, idempotent, writes) values ('once', 'o', '{}', false, true);
create function pg_temp.freeze() returns text language sql as $$
  select goalpost_worker.freeze_calls(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, '[{"call_id": "tool", "tool": "once"}]') #>> '{calls,0,state}' $$;
select tests.set('run', tests.planned('a', '{"a": {"input": {"tool": "once", "arguments": {}}}}'));
select tests.start(tests.get('run'), 'a');
select is(pg_temp.freeze(), 'intended', 'a new call is intended');
select goalpost_worker.begin_calls(tests.get('run'), 'a', 1, '{1}');
select tests.lose(tests.get('run'));
select is(pg_temp.freeze(), 'unknown', 'a call whose worker died has an unknown outcome');
select tests.finish(tests.get('run'), 'a', 'waiting', '{"for": "others"}');
select tests.advance_clock('8 days');
select goalpost_private.expire_approval(tests.approval_of(tests.get('run'), 'a'), goalpost_private.clock());
select is((tests.call_of(tests.get('run'), 1)).state || ' ' || ((tests.call_of(tests.get('run'), 1)).error ->> 'code'), 'failed expired', 'the undecided call fails as expired');
select tests.do_fail(tests.get('run'), 'a');
select tests.report_failure(tests.get('run'));
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'a')));
select tests.start(tests.get('run'), 'a');
select is(pg_temp.freeze(), 'unknown', 'the outcome is still unknown when the step is retried');
select is((select count(*) from goalpost.approvals a where a.run_id = tests.get('run') and a.kind = 'outcome_unknown' and a.state = 'pending'), 1::bigint, 'a second approval asks for the outcome');
select tests.finish(tests.get('run'), 'a', 'waiting', '{"for": "others"}');
select tests.decide('petra', (select a.id from goalpost.approvals a where a.run_id = tests.get('run') and a.state = 'pending'), 'not_happened');
select tests.start(tests.get('run'), 'a');
select is(pg_temp.freeze(), 'intended', 'a call decided as not happened may be made');
select is((tests.call_of(tests.get('run'), 1)).idempotency_key, format('%s/%s/a', tests.id_of('acme'), tests.get('run')), 'the call keeps its idempotency key');
select is((select count(*) from goalpost.tool_calls where run_id = tests.get('run')), 1::bigint, 'the step still has one call');

select * from finish();
rollback;
