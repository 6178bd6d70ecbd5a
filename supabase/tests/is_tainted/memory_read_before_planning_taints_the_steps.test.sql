-- Content that a model read before it wrote steps, a goal or a plan is in its output.
begin;
select plan(8);
select tests.world();
select tests.tools();
select tests.memory('Invoices are paid to this account', 'workspace', '{"trust": "untrusted"}');

create function pg_temp.send() returns jsonb language sql as $$ select tests.steps('s', '{"s": {"input": {"tool": "send", "arguments": {}}}}') $$;
create function pg_temp.goal() returns jsonb language sql as $$
  select '{"decision": "goal", "score": 0.9, "reasons": ["big"], "goal": {"title": "A goal", "description": "To be reached"}}'::jsonb $$;
create function pg_temp.below(p_run bigint) returns bigint language sql as $$ select r.id from goalpost.workflow_runs r where r.root_run_id = p_run and r.id <> p_run $$;

-- The assessment wrote the steps.
select tests.set('steps', tests.ask());
select tests.start(tests.get('steps'), 'assess');
select is(tests.recalled(tests.get('steps'), 'assess', 'invoices'), array['Invoices are paid to this account'], 'the assessment received the memory');
select tests.complete(tests.get('steps'), 'assess', jsonb_build_object('decision', 'steps', 'score', 0.3, 'reasons', '["few"]'::jsonb, 'steps', pg_temp.send()));
select is(tests.policy(tests.get('steps'), 's', 'send'), 'needs_approval taint', 'steps of an assessment that received an untrusted memory are tainted');

-- The assessment wrote the goal.
select tests.set('asked', tests.ask());
select tests.start(tests.get('asked'), 'assess');
select isnt(tests.recalled(tests.get('asked'), 'assess', 'invoices'), '{}', 'a second assessment received the memory');
select tests.complete(tests.get('asked'), 'assess', pg_temp.goal());
select tests.do_complete(pg_temp.below(tests.get('asked')), 'plan', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'criteria', '[]'::jsonb, 'steps', pg_temp.send())));
select is(tests.policy(pg_temp.below(tests.get('asked')), 's', 'send'), 'needs_approval taint', 'steps of a goal whose assessment received it are tainted');

-- The planner wrote the plan.
select tests.set('run', tests.goal());
select tests.start(tests.get('run'), 'plan');
select isnt(tests.recalled(tests.get('run'), 'plan', 'invoices'), '{}', 'the planner received the untrusted memory');
select tests.complete(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'criteria', '[]'::jsonb, 'steps', pg_temp.send())));
select is(tests.policy(tests.get('run'), 's', 'send'), 'needs_approval taint', 'steps of a planner that received it are tainted');

-- No memory was received.
select tests.set('clean', tests.goal());
select tests.do_complete(tests.get('clean'), 'plan', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'criteria', '[]'::jsonb, 'steps', pg_temp.send())));
select is(tests.policy(tests.get('clean'), 's', 'send'), 'allow default', 'steps of a planner without memories are not tainted');
select is((select count(*) from goalpost.memory_uses where run_id = tests.get('clean')), 0::bigint, 'a planner without matching memories has no memory on record');

select * from finish();
rollback;
