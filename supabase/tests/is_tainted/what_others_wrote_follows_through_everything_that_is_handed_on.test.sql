-- A tool that writes waits for a person where the step, or anything that it was given, has read what others wrote.
begin;
select plan(27);
select tests.world();

select tests.tools();
create function pg_temp.tool(p_tool text) returns jsonb language sql as $$ select jsonb_build_object('kind', 'tool', 'input', jsonb_build_object('tool', p_tool, 'arguments', '{}'::jsonb)) $$;
select tests.set('run', tests.planned('page, clean, a:page, b:clean, c:a, sub:a, d:sub, e',
  jsonb_build_object('page', pg_temp.tool('read'), 'clean', pg_temp.tool('look'), 'a', tests.agent('hand'), 'b', tests.agent('hand'), 'c', tests.agent('hand'), 'sub', tests.subgoal(), 'd', tests.agent('hand'), 'e', tests.agent('hand'))));
create function pg_temp.says(p_key text, p_tool text default 'send') returns text language sql as $$ select tests.policy(tests.get('run'), p_key, p_tool) $$;
select is(pg_temp.says('a'), 'allow default', 'nothing was read yet');
select is(goalpost_private.is_tainted(tests.get('run'), 'page'), false, 'a step is not tainted by what it will read');
select tests.do_complete(tests.get('run'), 'page');
select tests.do_complete(tests.get('run'), 'clean');
select is(pg_temp.says('a'), 'needs_approval taint', 'a step before it read a page');
select is(pg_temp.says('b'), 'allow default', 'another read none');
select is(pg_temp.says('c'), 'needs_approval taint', 'and it follows through every step between');
select is(pg_temp.says('a', 'look'), 'allow default', 'what only reads may');
select is(pg_temp.says('a', 'fetch'), 'needs_approval taint', 'but what could carry it out');
select is(pg_temp.says('b', 'fetch'), 'allow default', 'which is free elsewhere');
select is(pg_temp.says('a', 'mail'), 'needs_approval taint', 'the taint is named before the tool''s own wish');
select is(pg_temp.says('a', 'ask_human'), 'allow control', 'people may be asked');

-- A call of its own.
select is(pg_temp.says('e'), 'allow default', 'no call of its own yet');
select tests.call(tests.get('run'), 'e', 'denied', 'read');
select is(pg_temp.says('e'), 'allow default', 'one that was not made gave nothing');
select tests.call(tests.get('run'), 'e', 'done', 'read', '{"url": "x"}');
select is(pg_temp.says('e'), 'needs_approval taint', 'one that gave something');
select tests.call(tests.get('run'), 'b', 'done', 'ask_human', '{}', '{"result": {"untrusted": false}}');
select is(pg_temp.says('b'), 'allow default', 'what is said to be trusted');
select tests.call(tests.get('run'), 'b', 'done', 'ask_human', '{"x": 1}', '{"result": {"untrusted": true}}');
select is(pg_temp.says('b'), 'needs_approval taint', 'what is not');

-- Rows may say that it does not matter.
insert into goalpost.tool_policies (workspace_id, name, tool, effect) values (tests.id_of('acme'), 'sending', 'send', 'allow');
select is(pg_temp.says('a'), 'needs_approval taint', 'an allowance is not enough');
update goalpost.tool_policies set even_if_tainted = true;
select is(pg_temp.says('a'), 'allow sending', 'unless it says so');
delete from goalpost.tool_policies;

-- Down into a sub-goal, and up out of one.
select tests.do_complete(tests.get('run'), 'a');
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.do_complete(tests.get('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x', jsonb_build_object('x', tests.agent('hand'))))));
select is(tests.policy(tests.get('below'), 'x', 'send'), 'needs_approval taint', 'a sub-goal was given what its step had read');
select tests.set('run2', tests.planned('sub, other, d:sub', jsonb_build_object('sub', tests.subgoal(), 'other', tests.agent('hand'), 'd', tests.agent('hand'))));
select tests.set('below2', tests.run_below(tests.get('run2'), 'sub'));
select tests.do_complete(tests.get('below2'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x, y', jsonb_build_object('x', pg_temp.tool('read'), 'y', tests.agent('hand'))))));
select is(tests.policy(tests.get('run2'), 'd', 'send'), 'allow default', 'nothing was read below');
select tests.do_complete(tests.get('below2'), 'x');
select is(tests.policy(tests.get('run2'), 'd', 'send'), 'needs_approval taint', 'it comes up with the sub-goal''s result');
select is(tests.policy(tests.get('run2'), 'other', 'send'), 'allow default', 'and not into what has nothing of it');
select is(tests.policy(tests.get('below2'), 'y', 'send'), 'allow default', 'not even beside it');

-- Into a plan that was made after it, and through a step that works for a call.
update goalpost.steps set revision = 2 where run_id = tests.get('below2') and key = 'y';
select is(tests.policy(tests.get('below2'), 'y', 'send'), 'needs_approval taint', 'a new plan has read the old one''s results');
select tests.set('run3', tests.planned('a, b, c', jsonb_build_object('a', tests.agent('hand'), 'b', tests.agent('hand'), 'c', tests.agent('hand'))));
select tests.call(tests.get('run3'), 'b', 'done', 'read');
select is(tests.policy(tests.get('run3'), 'a', 'send'), 'allow default', 'a stranger''s');
select tests.call(tests.get('run3'), 'a', 'waiting', 'look', '{}', '{"works_in_step": "b"}');
select is(tests.policy(tests.get('run3'), 'a', 'send'), 'needs_approval taint', 'a step that works for its call');
select tests.call(tests.get('run3'), 'b', 'waiting', 'look', '{}', '{"works_in_step": "c"}');
select is(tests.policy(tests.get('run3'), 'c', 'send'), 'needs_approval taint', 'and one that it was handed work by');
select is(goalpost_private.is_tainted(-1, 'x'), false, 'nothing is not tainted');

select * from finish();
rollback;
