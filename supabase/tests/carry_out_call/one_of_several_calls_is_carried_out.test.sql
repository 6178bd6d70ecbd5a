begin;
select plan(4);
select tests.world();
select tests.tools();

select tests.set('run', tests.agent_at_work());
select tests.bare_call(tests.get('run'), 'a', n, 'intended', '{"tool": "ask_human"}') from generate_series(1, 3) n;
update goalpost.tool_calls set arguments = jsonb_build_object('question', 'question ' || number) where run_id = tests.get('run') and step_key = 'a';
select is(goalpost_worker.carry_out_call(tests.get('run'), 'a', 1, 2) ->> 'number', '2', 'the call that is named is described');
select is(tests.calls(tests.get('run')), 'intended waiting intended', 'the other calls of the step are not carried out');
select is((select a.question from goalpost.approvals a where a.run_id = tests.get('run') and a.step_key = 'a'), 'question 2', 'a person gets the question of that call');
select is(tests.refusal(format('select goalpost_worker.carry_out_call(%s, ''a'', 1, (select number from goalpost.tool_calls where false))', tests.get('run'))), 'none', 'a call number that does not exist carries out nothing');

select * from finish();
rollback;
