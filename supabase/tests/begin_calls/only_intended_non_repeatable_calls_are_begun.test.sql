-- intended -> running, by the worker that holds the step.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_call(tests.get('run'), 'a', 1, 'intended', '{"idempotent": false}');
select tests.bare_call(tests.get('run'), 'a', 2, 'intended');
select tests.bare_call(tests.get('run'), 'a', 3, 'waiting', '{"idempotent": false}');
select tests.bare_call(tests.get('run'), 'a', 4, 'done', '{"idempotent": false}');
select tests.bare_call(tests.get('run'), 'a', 5, 'intended', '{"idempotent": false}');
select is((select string_agg(c ->> 'state', ' ') from jsonb_array_elements(goalpost_worker.begin_calls(tests.get('run'), 'a', 1, '{1,2,3,4}') -> 'calls') c), 'running intended waiting done', 'only the intended call that is not idempotent begins');
select is(tests.calls(tests.get('run')), 'running intended waiting done intended', 'a call that was not named is not begun');
select is((select (c.lease_epoch, c.started_at = goalpost_private.clock())::text from tests.call_of(tests.get('run'), 1) c), '(1,t)', 'a running call has its lease epoch and start time');
select is(goalpost_worker.begin_calls(tests.get('run'), 'a', 1, '{1}') #>> '{calls,0,state}', 'running', 'a call begun again after a lost reply stays running');
select tests.lose(tests.get('run'));
select is(tests.refusal(format('select goalpost_worker.begin_calls(%s, ''a'', 1, ''{5}'')', tests.get('run'))), 'ZG009', 'a worker that lost the lease begins no call');

select * from finish();
rollback;
