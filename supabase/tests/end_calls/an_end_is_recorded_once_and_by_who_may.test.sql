-- intended | running -> done | failed.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_call(tests.get('run'), 'a', 1, 'running', '{"idempotent": false}');
select tests.bare_call(tests.get('run'), 'a', 2, 'intended', '{"idempotent": false}');
select tests.bare_call(tests.get('run'), 'a', 3, 'intended', '{"idempotent": false}');
select tests.bare_call(tests.get('run'), 'a', 4, 'running', '{"idempotent": false, "lease_epoch": 0}');
select tests.bare_call(tests.get('run'), 'a', 5, 'waiting');
select is((select string_agg(c ->> 'state', ' ') from jsonb_array_elements(goalpost_worker.end_calls(tests.get('run'), 'a', 1,
            '[{"number": 1, "result": null}, {"number": 2, "result": 1}, {"number": 3, "error": {"code": "e"}}, {"number": 4, "result": 1}, {"number": 5, "result": 1}]') -> 'calls') c),
          'done intended failed running waiting', 'what was not begun, or by another, or waits, is not done');
select is((tests.call_of(tests.get('run'), 1)).result, 'null', 'nothing is a result too');
select goalpost_worker.end_calls(tests.get('run'), 'a', 1, '[{"number": 1, "error": {"code": "e"}}]');
select is((tests.call_of(tests.get('run'), 1)).state, 'done', 'what has ended stays as it ended');
select is(tests.refusal(format('select goalpost_worker.end_calls(%s, ''a'', 1, %L)', tests.get('run'), e)), 'ZG003', left(e::text, 20))
  from (values ('{"number": 1}'::jsonb), ((select jsonb_agg(jsonb_build_object('number', n)) from generate_series(1, 101) n))) v (e);
select tests.lose(tests.get('run'));
select is(tests.refusal(format('select goalpost_worker.end_calls(%s, ''a'', 1, ''[]'')', tests.get('run'))), 'ZG009', 'who lost the lease ends nothing');

select * from finish();
rollback;
