-- A taint of a step above reaches every step below it.
begin;
select plan(6);
select tests.world();

select tests.tools();
create function pg_temp.tool(p_tool text) returns jsonb language sql as $$ select jsonb_build_object('kind', 'tool', 'input', jsonb_build_object('tool', p_tool, 'arguments', '{}'::jsonb)) $$;
create function pg_temp.plans(p_run_id bigint, p_short text, p_more jsonb) returns void language sql as $$
  select tests.do_complete(p_run_id, 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps(p_short, p_more)))) $$;

-- Two levels down: the step between has no input but its plan.
select tests.set('run', tests.planned('page, sub:page', jsonb_build_object('page', pg_temp.tool('read'), 'sub', tests.subgoal())));
select tests.do_complete(tests.get('run'), 'page');
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select pg_temp.plans(tests.get('below'), 'deeper, beside', jsonb_build_object('deeper', tests.subgoal(), 'beside', pg_temp.tool('look')));
select tests.set('deeper', tests.run_below(tests.get('below'), 'deeper'));
select pg_temp.plans(tests.get('deeper'), 'x', jsonb_build_object('x', tests.agent('hand')));
select is(tests.policy(tests.get('deeper'), 'x', 'send'), 'needs_approval taint', 'a page read two goals above taints a step');

-- A sub-goal that an agent delegated.
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('hand'), 'b', tests.agent('hand'))));
select tests.start(tests.get('run'), 'a');
select tests.wish(tests.get('run'), 'a', 1, 'delegate', '{"title": "Deeper", "instructions": "Go deeper", "as": "goal"}');
select goalpost_worker.carry_out_call(tests.get('run'), 'a', 1, 1);
select tests.set('below', tests.run_below(tests.get('run'), 'a_call_1'));
select pg_temp.plans(tests.get('below'), 'x, y', jsonb_build_object('x', tests.agent('hand'), 'y', tests.agent('hand')));
select is(tests.policy(tests.get('below'), 'x', 'send'), 'allow default', 'a step of a delegated goal is untainted before any read');
select tests.call(tests.get('below'), 'y', 'done', 'read');
select is(tests.policy(tests.get('run'), 'a', 'send'), 'needs_approval taint', 'a step is tainted by a read of its delegated goal');
delete from goalpost.tool_calls where step_key = 'y';
select tests.call(tests.get('run'), 'a', 'done', 'read');
select is(tests.policy(tests.get('below'), 'x', 'send'), 'needs_approval taint', 'a delegated goal''s step is tainted by its agent''s read');
select is(tests.policy(tests.get('run'), 'b', 'send'), 'allow default', 'an unrelated step is not tainted');

-- A sub-goal of a plan that was made after an earlier one had read a page.
select tests.set('run', tests.planned('page, sub', jsonb_build_object('page', pg_temp.tool('read'), 'sub', tests.subgoal())));
select tests.do_complete(tests.get('run'), 'page');
update goalpost.steps set revision = 2 where run_id = tests.get('run') and key = 'sub';
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select pg_temp.plans(tests.get('below'), 'x', jsonb_build_object('x', tests.agent('hand')));
select is(tests.policy(tests.get('below'), 'x', 'send'), 'needs_approval taint', 'a later plan''s sub-goal is tainted by the earlier plan''s read');

select * from finish();
rollback;
