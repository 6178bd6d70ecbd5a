-- Judges and planners read the calls as made, with edits and rejections by people.
begin;
select plan(11);
select tests.world();

select tests.set('run', tests.planned('a, t, other', jsonb_build_object('a', tests.agent(), 'other', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 't');
select tests.start(tests.get('run'), 'other');
select tests.bare_call(tests.get('run'), 'a', 1, 'done', '{"tool": "ask_human"}');
select tests.bare_call(tests.get('run'), 'a', 2, 'done', '{"tool": "webhook"}');
select tests.bare_call(tests.get('run'), 'a', 3, 'denied', '{"tool": "email"}');
select tests.bare_call(tests.get('run'), 'a', 4, 'intended', '{"tool": "sql"}');
select tests.bare_call(tests.get('run'), 'a', 19, 'denied', '{"tool": "ask_human"}');
select tests.bare_call(tests.get('run'), 'a', 20, 'done', '{"tool": "sql"}');
select tests.bare_call(tests.get('run'), 'a', 21, 'done', '{"tool": "sql"}');
select tests.bare_call(tests.get('run'), 't', 1, 'done', '{"tool": "sql"}');
select tests.bare_call(tests.get('run'), 'other', 1, 'done', '{"tool": "calculate"}');
update goalpost.tool_calls set proposed_arguments = '{"old": 1}' where run_id = tests.get('run') and step_key = 'a' and number = 2;
update goalpost.tool_calls set error = '{"code": "rejected", "message": "not now"}' where run_id = tests.get('run') and number = 3;
create function pg_temp.calls(p_key text) returns jsonb language sql as $$ select goalpost_private.relevant_calls(tests.step(tests.get('run'), p_key)) $$;

select is(jsonb_path_query_array(pg_temp.calls('a'), '$[*].tool'), '["ask_human", "webhook", "email", "ask_human", "sql", "sql"]', 'an agent''s calls that were made or denied are shown in order');
select is(pg_temp.calls('a') -> 0, '{"tool": "ask_human", "state": "done", "arguments": {}, "answer": {}}', 'a question is shown once, with its answer');
select is(pg_temp.calls('a') -> 1, '{"tool": "webhook", "state": "done", "arguments": {}, "result": "{}", "was_edited": true}', 'a call that a person edited is marked');
select is(pg_temp.calls('a') -> 2, '{"tool": "email", "state": "denied", "arguments": {}, "error": "not now"}', 'a denied call has the reason');
select is(pg_temp.calls('a') -> 3, '{"tool": "ask_human", "state": "denied", "arguments": {}}', 'a question without an answer has none');
select is(pg_temp.calls('a') #>> '{4,result}', '{}', 'the twentieth call shows its result');
select is(pg_temp.calls('a') -> 5, '{"tool": "sql", "state": "done", "arguments": {}}', 'only the first twenty calls show results');
select is(pg_temp.calls('t'), null, 'a tool step''s read call is not shown');
select is(jsonb_path_query_array(pg_temp.calls('other'), '$[*].tool'), '["calculate"]', 'another step''s calls are shown for that step alone');
update goalpost.tool_calls set proposed_arguments = '{"old": 1}' where run_id = tests.get('run') and step_key = 't';
select is(pg_temp.calls('t') #> '{0,was_edited}', 'true', 'a tool step''s call that a person edited is shown');
update goalpost.tool_calls set proposed_arguments = null, tool = 'webhook' where run_id = tests.get('run') and step_key = 't';
select is(pg_temp.calls('t') #>> '{0,tool}', 'webhook', 'a tool step''s call that writes is shown');

select * from finish();
rollback;
