-- intended -> running, by who holds the step.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_call(tests.get('run'), 'a', 1, 'intended', '{"idempotent": false}');
select tests.bare_call(tests.get('run'), 'a', 2, 'intended');
select tests.bare_call(tests.get('run'), 'a', 3, 'waiting', '{"idempotent": false}');
select tests.bare_call(tests.get('run'), 'a', 4, 'done', '{"idempotent": false}');
select tests.bare_call(tests.get('run'), 'a', 5, 'intended', '{"idempotent": false}');
select is((select string_agg(c ->> 'state', ' ') from jsonb_array_elements(goalpost_worker.begin_calls(tests.get('run'), 'a', 1, '{1,2,3,4}') -> 'calls') c), 'running intended waiting done', 'that alone');
select is(tests.calls(tests.get('run')), 'running intended waiting done intended', 'and nothing that was not named');
select is((select (c.lease_epoch, c.started_at = goalpost_private.clock())::text from tests.call_of(tests.get('run'), 1) c), '(1,t)', 'by whom and when is there');
select is(goalpost_worker.begin_calls(tests.get('run'), 'a', 1, '{1}') #>> '{calls,0,state}', 'running', 'begun twice, since the reply was lost, it is begun');
select tests.lose(tests.get('run'));
select is(tests.refusal(format('select goalpost_worker.begin_calls(%s, ''a'', 1, ''{5}'')', tests.get('run'))), 'ZG009', 'who lost the lease begins nothing');

select * from finish();
rollback;
