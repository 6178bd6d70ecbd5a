-- The keys of the context, by kind of step.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.ask());
create function pg_temp.keys(p_claimed jsonb) returns text language sql as $$ select string_agg(k, ' ' order by k) from jsonb_object_keys(p_claimed #> '{0,context}') k $$;
select is(pg_temp.keys(tests.claim('assess')), 'asker context goal local_now more_tables now parameters question question_space readable_schemas runbook_names runbooks tables tools workspace', 'an assessment receives the documented keys');
select tests.do_complete(tests.get('run'), 'assess', '{"decision": "goal", "goal": {"title": "t", "description": "d"}}');
select tests.set('goal', (select id from goalpost.workflow_runs where root_run_id = tests.get('run') and id <> tests.get('run')));
select tests.set('plan', tests.claim('plan')::text);
select is(pg_temp.keys(tests.kept('plan')::jsonb), 'agents asker completed_keys goal limits local_now more_tables now parameters previous question readable_schemas revision runbooks tables taken_keys tools workspace', 'a planner receives the documented keys');
select is(tests.kept('plan')::jsonb #>> '{0,context,limits,max_steps}', '64', 'a planner receives the limit of steps');
select is(tests.kept('plan')::jsonb #> '{0,context,previous}', 'null', 'a first planner receives no previous plan');
select tests.do_complete(tests.get('goal'), 'plan', jsonb_build_object('plan', jsonb_build_object('criteria', '["c"]'::jsonb, 'steps', tests.steps('a', jsonb_build_object('a', tests.agent())))));
select tests.set('work', tests.claim('agent')::text);
select is(pg_temp.keys(tests.kept('work')::jsonb), 'agent asker goal local_now more_tables now parameters question readable_schemas reads_values steps tables tools workspace', 'an agent receives the documented keys');
select is((select string_agg(t ->> 'name', ' ') from jsonb_array_elements(tests.kept('work')::jsonb #> '{0,context,tools}') t), 'ask_human calculate recall remember sql template', 'an agent receives its own tools only');
select tests.do_complete(tests.get('goal'), 'a', '{"text": "t"}');
select tests.set('judge', tests.claim('judge')::text);
select is(pg_temp.keys(tests.kept('judge')::jsonb), 'criteria failure given goal max_revisions now parameters question readable_schemas report revision steps usage', 'a judge receives the documented keys');
select is(tests.kept('judge')::jsonb #>> '{0,context,steps,0,result,text}', 't', 'a judge receives the results of the steps');
select tests.do_complete(tests.get('goal'), 'judge', '{"decision": "replan", "reason": "worse", "verdicts": [{"number": 1, "verdict": "unmet", "evidence": "e"}]}');
select tests.set('again', tests.claim('plan')::text);
select is(tests.kept('again')::jsonb #>> '{0,context,previous,reason}', 'worse', 'a second planner receives the reason of the judge');
select is(tests.kept('again')::jsonb #>> '{0,context,previous,verdicts,0,verdict}', 'unmet', 'a second planner receives the verdicts of the judge');
select is(tests.kept('again')::jsonb #>> '{0,context,previous,steps,0,key}', 'a', 'a second planner receives the previous steps');
select is(tests.kept('again')::jsonb #> '{0,context,revision}', '2', 'a second planner receives the number of its revision');

select * from finish();
rollback;
