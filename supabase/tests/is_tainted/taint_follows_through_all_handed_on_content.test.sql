-- A writing tool needs approval where the step, or anything that it received, has read untrusted content.
begin;
select plan(27);
select tests.world();

select tests.tools();
create function pg_temp.tool(p_tool text) returns jsonb language sql as $$ select jsonb_build_object('kind', 'tool', 'input', jsonb_build_object('tool', p_tool, 'arguments', '{}'::jsonb)) $$;
select tests.set('run', tests.planned('page, clean, a:page, b:clean, c:a, sub:a, d:sub, e',
  jsonb_build_object('page', pg_temp.tool('read'), 'clean', pg_temp.tool('look'), 'a', tests.agent('hand'), 'b', tests.agent('hand'), 'c', tests.agent('hand'), 'sub', tests.subgoal(), 'd', tests.agent('hand'), 'e', tests.agent('hand'))));
create function pg_temp.decision(p_key text, p_tool text default 'send') returns text language sql as $$ select tests.policy(tests.get('run'), p_key, p_tool) $$;
select is(pg_temp.decision('a'), 'allow default', 'a step is allowed before anything was read');
select is(goalpost_private.is_tainted(tests.get('run'), 'page'), false, 'a step is not tainted by its future read');
select tests.do_complete(tests.get('run'), 'page');
select tests.do_complete(tests.get('run'), 'clean');
select is(pg_temp.decision('a'), 'needs_approval taint', 'a dependency that read a page taints the step');
select is(pg_temp.decision('b'), 'allow default', 'a step whose dependency read nothing untrusted is allowed');
select is(pg_temp.decision('c'), 'needs_approval taint', 'the taint follows through every step between');
select is(pg_temp.decision('a', 'look'), 'allow default', 'a reading tool is allowed in a tainted step');
select is(pg_temp.decision('a', 'fetch'), 'needs_approval taint', 'a tool that may send data out needs approval when tainted');
select is(pg_temp.decision('b', 'fetch'), 'allow default', 'the tool fetch is allowed in an untainted step');
select is(pg_temp.decision('a', 'mail'), 'needs_approval taint', 'the taint is the rule before the tool''s own approval');
select is(pg_temp.decision('a', 'ask_human'), 'allow control', 'a tainted step may ask people');

-- The step's own calls.
select is(pg_temp.decision('e'), 'allow default', 'a step without calls of its own is allowed');
select tests.call(tests.get('run'), 'e', 'denied', 'read');
select is(pg_temp.decision('e'), 'allow default', 'a denied untrusted call does not taint its step');
select tests.call(tests.get('run'), 'e', 'done', 'read', '{"url": "x"}');
select is(pg_temp.decision('e'), 'needs_approval taint', 'a completed untrusted call taints its step');
select tests.call(tests.get('run'), 'b', 'done', 'ask_human', '{}', '{"result": {"untrusted": false}}');
select is(pg_temp.decision('b'), 'allow default', 'a result marked as trusted does not taint its step');
select tests.call(tests.get('run'), 'b', 'done', 'ask_human', '{"x": 1}', '{"result": {"untrusted": true}}');
select is(pg_temp.decision('b'), 'needs_approval taint', 'a result marked as untrusted taints its step');

-- Policies may allow tainted steps.
insert into goalpost.tool_policies (workspace_id, name, tool, effect) values (tests.id_of('acme'), 'sending', 'send', 'allow');
select is(pg_temp.decision('a'), 'needs_approval taint', 'a plain allowance does not override the taint');
update goalpost.tool_policies set even_if_tainted = true;
select is(pg_temp.decision('a'), 'allow sending', 'an allowance with even_if_tainted overrides the taint');
delete from goalpost.tool_policies;

-- Down into a sub-goal, and up out of one.
select tests.do_complete(tests.get('run'), 'a');
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.do_complete(tests.get('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x', jsonb_build_object('x', tests.agent('hand'))))));
select is(tests.policy(tests.get('below'), 'x', 'send'), 'needs_approval taint', 'a sub-goal is tainted by what its step received');
select tests.set('run2', tests.planned('sub, other, d:sub', jsonb_build_object('sub', tests.subgoal(), 'other', tests.agent('hand'), 'd', tests.agent('hand'))));
select tests.set('below2', tests.run_below(tests.get('run2'), 'sub'));
select tests.do_complete(tests.get('below2'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x, y', jsonb_build_object('x', pg_temp.tool('read'), 'y', tests.agent('hand'))))));
select is(tests.policy(tests.get('run2'), 'd', 'send'), 'allow default', 'a step after an untainted sub-goal is allowed');
select tests.do_complete(tests.get('below2'), 'x');
select is(tests.policy(tests.get('run2'), 'd', 'send'), 'needs_approval taint', 'the sub-goal''s result taints its dependents');
select is(tests.policy(tests.get('run2'), 'other', 'send'), 'allow default', 'a step without the sub-goal''s result is not tainted');
select is(tests.policy(tests.get('below2'), 'y', 'send'), 'allow default', 'a step beside the reading one is not tainted');

-- Into a plan that was made after it, and through a step that works for a call.
update goalpost.steps set revision = 2 where run_id = tests.get('below2') and key = 'y';
select is(tests.policy(tests.get('below2'), 'y', 'send'), 'needs_approval taint', 'a later plan is tainted by the earlier plan''s results');
select tests.set('run3', tests.planned('a, b, c', jsonb_build_object('a', tests.agent('hand'), 'b', tests.agent('hand'), 'c', tests.agent('hand'))));
select tests.call(tests.get('run3'), 'b', 'done', 'read');
select is(tests.policy(tests.get('run3'), 'a', 'send'), 'allow default', 'a step is not tainted by an unrelated step');
select tests.call(tests.get('run3'), 'a', 'waiting', 'look', '{}', '{"works_in_step": "b"}');
select is(tests.policy(tests.get('run3'), 'a', 'send'), 'needs_approval taint', 'a step that works for a call taints the caller');
select tests.call(tests.get('run3'), 'b', 'waiting', 'look', '{}', '{"works_in_step": "c"}');
select is(tests.policy(tests.get('run3'), 'c', 'send'), 'needs_approval taint', 'a caller taints the step that works for its call');
select is(goalpost_private.is_tainted(-1, 'x'), false, 'a step that does not exist is not tainted');

select * from finish();
rollback;
