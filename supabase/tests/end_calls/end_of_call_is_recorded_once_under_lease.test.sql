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
          'done intended failed running waiting', 'only the call that was begun under this lease is done');
select is((tests.call_of(tests.get('run'), 1)).result, 'null', 'null is kept as a result');
select goalpost_worker.end_calls(tests.get('run'), 'a', 1, '[{"number": 1, "error": {"code": "e"}}]');
select is((tests.call_of(tests.get('run'), 1)).state, 'done', 'a call that has ended keeps its first result');
select is(tests.refusal(format('select goalpost_worker.end_calls(%s, ''a'', 1, %L)', tests.get('run'), e)), 'ZG003', 'ends of calls are refused: ' || left(e::text, 20))
  from (values ('{"number": 1}'::jsonb), ((select jsonb_agg(jsonb_build_object('number', n)) from generate_series(1, 101) n))) v (e);
select tests.lose(tests.get('run'));
select is(tests.refusal(format('select goalpost_worker.end_calls(%s, ''a'', 1, ''[]'')', tests.get('run'))), 'ZG009', 'a worker that lost the lease ends no call');

select * from finish();
rollback;
