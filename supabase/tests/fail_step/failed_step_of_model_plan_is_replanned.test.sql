-- A model's plan may be based on wrong assumptions: a failed step causes a new plan instead of ending the goal.
begin;
select plan(24);
select tests.world();

create function pg_temp.planned(p_short text, p_criteria jsonb default '[]', p_more jsonb default '{"model": "m"}') returns bigint language plpgsql as $$
declare v_run bigint := tests.goal();
begin
  perform tests.do_complete(v_run, 'plan', p_more || jsonb_build_object('plan', jsonb_build_object('steps', tests.steps(p_short), 'criteria', p_criteria)));
  return v_run;
end $$;

select tests.set('run', pg_temp.planned('a, b:a, c', '[{"description": "kept", "check": "steps.a.n"}, {"description": "bound", "check": "steps.b.n"}, "judged", {"description": "again", "check": "steps.a.n"}]'));
select tests.do_complete(tests.get('run'), 'a', '{"n": 7}');
select tests.do_fail(tests.get('run'), 'b');
select is(tests.states(tests.get('run')) || ' ' || tests.state(tests.get('run'), 'plan_2'), 'a=completed b=failed c=cancelled judge=cancelled ready', 'the plan''s open steps are cancelled and a second plan is ready');
select is(tests.run_state(tests.get('run')), 'running', 'the run goes on after the failed step');
select is(tests.dead_letter_of(tests.get('run'), 'b'), null, 'a step to be planned around leaves no dead letter');
select tests.set('context', (tests.claim('plan') #> '{0,context}')::text);
select is(tests.kept('context')::jsonb #>> '{previous,reason}', 'step b failed: it broke', 'the planner receives the reason');
select is(tests.kept('context')::jsonb #>> '{previous,plans_left_after_this}', '1', 'the planner receives the number of plans left');
select is(tests.kept('context')::jsonb -> 'completed_keys', '["a"]', 'the planner receives the steps it may depend on');
select is(jsonb_path_query_first(tests.kept('context')::jsonb, '$.previous.steps[*] ? (@.key == "b").error.message'), '"it broke"', 'the planner receives each step with its error');
select set_eq($$ select jsonb_path_query(tests.kept('context')::jsonb, '$.previous.steps[*].key') #>> '{}' $$, array['a', 'b', 'c'], 'the planner receives all steps of the run and no other');
select is(jsonb_array_length(tests.kept('context')::jsonb #> '{previous,steps}'), 3, 'the planner receives each step of the run once');
select is(jsonb_path_query_first(tests.kept('context')::jsonb, '$.previous.steps[*] ? (@.key == "b").input.tool'), '"sql"', 'the planner receives each step''s input');

update goalpost.goal_criteria set verdict = case number when 3 then 'unmet' else 'met' end, evidence = 'e'
 where number in (1, 3, 4) and goal_id = (tests.goal_of(tests.get('run'))).id;
select is(tests.complete(tests.get('run'), 'plan_2', jsonb_build_object('model', 'm', 'plan', jsonb_build_object(
  'steps', tests.steps('b2:a, c2'), 'criteria', '[{"description": "Bound ", "check": "steps.b2.n"}, {"description": "again", "check": "steps.b2.m"}]'::jsonb))), 'accepted', 'a later plan may depend on a completed step');
select is(tests.state(tests.get('run'), 'b2'), 'ready', 'a step that depends on a completed step is ready');
select is(array(select check_definition #>> '{}' from goalpost.goal_criteria where goal_id = (tests.goal_of(tests.get('run'))).id order by number),
  array['steps.a.n', 'steps.b2.n', null, 'steps.b2.m'], 'checks refer to the later plan''s steps, and a met one stays');
select is(array(select verdict from goalpost.goal_criteria where goal_id = (tests.goal_of(tests.get('run'))).id order by number),
  array['met', 'open', 'open', 'open'], 'verdicts not met, or with another check, are open again');
select is((select evidence from goalpost.goal_criteria where goal_id = (tests.goal_of(tests.get('run'))).id and number = 1), 'e', 'a kept verdict keeps its evidence');
select is(tests.claim('tool') #> '{0,context,steps,a,n}', '7', 'the step receives the result of the earlier plan');

select tests.do_fail(tests.get('run'), 'c2');
select tests.do_complete(tests.get('run'), 'plan_3', jsonb_build_object('model', 'm', 'plan', jsonb_build_object('steps', tests.steps('c3'))));
select tests.do_fail(tests.get('run'), 'c3');
select is(tests.state(tests.get('run'), 'judge_3'), 'ready', 'after the last plan the judge reports');
select isnt(tests.dead_letter_of(tests.get('run'), 'c3'), null, 'a failure after the last plan leaves a dead letter');

select tests.do_complete(tests.get('run'), 'judge_3', '{"decision": "fail", "report": "r"}');
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'c3')));
select is(tests.states(tests.get('run')), 'a=completed b=failed b2=cancelled c=cancelled c2=failed c3=ready judge=cancelled judge_2=cancelled judge_3=pending',
  'a retried step reopens its own plan, and no earlier one');

select tests.set('commented', pg_temp.planned('a', '[]'));
select tests.start(tests.get('commented'), 'a');
insert into goalpost.approvals (workspace_id, run_id, step_key, number, kind, question, shown, required_role, quorum, on_reject, state, comment, decided_by, decided_at, requested_at, expires_at)
values (tests.id_of('acme'), tests.get('commented'), 'a', 1, 'tool_call', 'q', '{}', 'approver', 1, 'fail', 'rejected', 'greet them first', tests.id_of('mia'), now(), now(), now());
select tests.fail(tests.get('commented'), 'a', '{"code": "rejected", "message": "no", "retryable": false}');
select is(tests.state(tests.get('commented'), 'plan_2'), 'ready', 'a rejection with a comment leads to another plan');

select tests.set('rules', pg_temp.planned('a', '[]', '{}'));
select tests.do_fail(tests.get('rules'), 'a');
select is(tests.state(tests.get('rules'), 'judge'), 'ready', 'a plan that no model wrote is not planned again');
select tests.set('refused', pg_temp.planned('a'));
select tests.start(tests.get('refused'), 'a');
select tests.fail(tests.get('refused'), 'a', '{"code": "rejected", "message": "no", "retryable": false}');
select is(tests.state(tests.get('refused'), 'judge'), 'ready', 'a rejection without a comment leads to no other plan');
select tests.set('lost', pg_temp.planned('a', '[]'));
select tests.start(tests.get('lost'), 'a');
select tests.fail(tests.get('lost'), 'a', '{"code": "model_wrong_key", "message": "no", "retryable": false}');
select is(tests.state(tests.get('lost'), 'judge'), 'ready', 'a failure of the provider''s account leads to no other plan');

select tests.set('request', tests.ask());
select tests.do_complete(tests.get('request'), 'assess', jsonb_build_object('decision', 'steps', 'model', 'm', 'steps', tests.steps('x')));
select tests.do_fail(tests.get('request'), 'x');
select is((tests.request_of(tests.get('request'))).state || ' ' || coalesce((select g.context #>> '{tried_before,reason}' from goalpost.goals g where g.id = (tests.request_of(tests.get('request'))).goal_id), 'none'),
  'accepted step x failed: it broke', 'a request whose steps fail becomes a goal with the failure');

select * from finish();
rollback;
