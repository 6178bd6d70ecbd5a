-- A long step's journal stays short; the original turns stay in their table.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_turn(tests.get('run'), 'a', 1, 'answered', '{"answer": {"text": "old"}}');
select tests.bare_call(tests.get('run'), 'a', 1, 'done', '{"turn_number": 1}');
select tests.bare_turn(tests.get('run'), 'a', 2, 'answered', '{"purpose": "compact", "answer": {"text": "in short"}}');
select tests.bare_turn(tests.get('run'), 'a', 3, 'answered', '{"answer": {"text": "new"}}');
select tests.bare_turn(tests.get('run'), 'a', 4, 'failed', '{"purpose": "compact"}');
select tests.bare_call(tests.get('run'), 'a', 2, 'done', '{"turn_number": 3}');
select tests.bare_call(tests.get('run'), 'a', 3, 'done');
select tests.set('read', goalpost_worker.read_journal(tests.get('run'), 'a', 1)::text);
select is((select string_agg(coalesce(t #>> '{answer,text}', '-'), ' ') from jsonb_array_elements(tests.kept('read')::jsonb -> 'turns') t), '- in short new -', 'the summary and later turns are included, without earlier answers');
select is((select string_agg(c ->> 'number', ' ') from jsonb_array_elements(tests.kept('read')::jsonb -> 'calls') c), '2 3', 'calls of those turns, and calls without a turn, are included');
select is((tests.turn_of(tests.get('run'), 1)).answer, '{"text": "old"}', 'the summarized turn keeps its answer');

select * from finish();
rollback;
