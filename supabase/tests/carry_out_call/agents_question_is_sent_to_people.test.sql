-- The step waits for the answer. Any member may answer, with one of the options where there are some, and the answer is
-- the call's result.
begin;
select plan(8);
select tests.world();
select tests.tools();

insert into goalpost.tools (name, description, parameters, idempotent, writes, control) values ('ask_human', 'a', '{}', true, false, true) on conflict (name) do nothing;
select tests.set('run', tests.agent_at_work());
select tests.bare_call(tests.get('run'), 'a', 1, 'intended', '{"tool": "ask_human"}');
update goalpost.tool_calls
   set arguments = '{"question": "Which colour?", "options": ["red", "blue"]}',
       arguments_hash = goalpost_private.hash_of('{"question": "Which colour?", "options": ["red", "blue"]}')
 where run_id = tests.get('run') and step_key = 'a';
select is(goalpost_worker.carry_out_call(tests.get('run'), 'a', 1, 1) ->> 'state', 'waiting', 'the call of ask_human waits for an answer');
select is(goalpost_worker.carry_out_call(tests.get('run'), 'a', 1, 1) ->> 'state', 'waiting', 'carrying out the call again leaves it waiting');
select results_eq($$ select kind, question, answer_schema from goalpost.approvals where run_id = tests.get('run') and step_key = 'a' $$,
  $$ values ('question', 'Which colour?', '{"enum": ["red", "blue"]}'::jsonb) $$, 'the agent''s question is one approval with its options');
select is(tests.finish(tests.get('run'), 'a', 'waiting', '{"for": "others"}'), 'accepted', 'the step may wait for the answer without a lease');
create function pg_temp.answer(p_answer text) returns text language sql as $$
  select tests.refusal_for('mia', format('select goalpost.decide_approval(%s, ''answered'', p_answer => %L)',
    (select id from goalpost.approvals where run_id = tests.get('run') and step_key = 'a'), p_answer)) $$;
select is(pg_temp.answer('"green"'), 'ZG003', 'an answer that is none of the options is refused');
select is(pg_temp.answer('"blue"'), 'none', 'an answer that is one of the options is accepted');
select is((select state || ' ' || (result #>> '{}') from goalpost.tool_calls where run_id = tests.get('run') and step_key = 'a'), 'done blue', 'the answer is the result of the call');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'the step is ready when its question is answered');

select * from finish();
rollback;
