-- One plan for each problem that has exactly that problem, and beside it one that just satisfies the rule.
begin;
select * from no_plan();
select tests.world();

create temp table pair (code text, bad jsonb, good jsonb, taken text, limits jsonb);
create function pg_temp.plan(p_steps jsonb) returns jsonb language sql as $$ select jsonb_build_object('steps', p_steps) $$;
create function pg_temp.one(p_more jsonb) returns jsonb language sql as $$ select jsonb_build_object('steps', tests.steps('a', jsonb_build_object('a', p_more))) $$;
create function pg_temp.checked(p_check jsonb) returns jsonb language sql as $$
  select jsonb_build_object('steps', tests.steps('a'), 'criteria', jsonb_build_array('c', jsonb_build_object('description', 'd', 'check', p_check))) $$;
create function pg_temp.two(p_more jsonb) returns jsonb language sql as $$ select jsonb_build_object('steps', tests.steps('a, b:a', jsonb_build_object('b', p_more))) $$;

insert into pair (code, bad, good, taken, limits)
select code, bad, good, coalesce(taken, ''), coalesce(limits, '{}') from (values
  ('empty_plan', pg_temp.plan('[]'), pg_temp.plan(tests.steps('a')), null, null::jsonb),
  ('empty_plan', '{}', pg_temp.plan(tests.steps('a')), null, null),
  ('empty_plan', pg_temp.plan('{"a": 1}'), pg_temp.plan(tests.steps('a')), null, null),
  ('empty_plan', '"plan"', pg_temp.plan(tests.steps('a')), null, null),
  ('too_many_steps', pg_temp.plan(tests.steps('a, b, c')), pg_temp.plan(tests.steps('a, b')), null, '{"max_steps": 2}'),
  ('too_large', pg_temp.plan(tests.steps('a')) || jsonb_build_object('summary', repeat('x', 300)),
                pg_temp.plan(tests.steps('a')) || jsonb_build_object('summary', repeat('x', 100)), null, '{"max_plan_bytes": 300}'),
  ('bad_key', pg_temp.one('{"key": "Big"}'), pg_temp.one('{"key": "small"}'), null, null),
  ('bad_key', pg_temp.one('{"key": "1a"}'), pg_temp.one('{"key": "a1"}'), null, null),
  ('bad_key', pg_temp.one('{"key": "_a"}'), pg_temp.one('{"key": "a_"}'), null, null),
  ('bad_key', pg_temp.one('{"key": "a-b"}'), pg_temp.one('{"key": "a_b"}'), null, null),
  ('bad_key', pg_temp.one('{"key": ""}'), pg_temp.one('{"key": "z"}'), null, null),
  ('bad_key', pg_temp.one('{"key": null}'), pg_temp.one('{"key": "null"}'), null, null),
  ('bad_key', pg_temp.one('{"key": 7}'), pg_temp.one('{"key": "seven"}'), null, null),
  ('bad_key', pg_temp.one('{"key": "a\n"}'), pg_temp.one('{"key": "an"}'), null, null),
  ('bad_key', pg_temp.one(jsonb_build_object('key', repeat('a', 64))), pg_temp.one(jsonb_build_object('key', repeat('a', 63))), null, null),
  ('reserved_key', pg_temp.one('{"key": "assess"}'), pg_temp.one('{"key": "assesses"}'), null, null),
  ('reserved_key', pg_temp.one('{"key": "plan"}'), pg_temp.one('{"key": "planner"}'), null, null),
  ('reserved_key', pg_temp.one('{"key": "judge"}'), pg_temp.one('{"key": "judge_"}'), null, null),
  ('reserved_key', pg_temp.one('{"key": "plan_2"}'), pg_temp.one('{"key": "plan_b"}'), null, null),
  ('reserved_key', pg_temp.one('{"key": "judge_10"}'), pg_temp.one('{"key": "judge_10_times"}'), null, null),
  ('duplicate_key', pg_temp.plan(tests.steps('a, b, a')), pg_temp.plan(tests.steps('a, b, a2')), null, null),
  ('duplicate_key', pg_temp.plan(tests.steps('a')), pg_temp.plan(tests.steps('a')), null, null),
  ('bad_check', pg_temp.checked('{}'), pg_temp.checked('"true"'), null, null),
  ('bad_check', pg_temp.checked('{"sql": "select 1", "person": "q"}'), pg_temp.checked('{"sql": "select 1", "person": null}'), null, null),
  ('bad_check', pg_temp.checked('{"regex": "a"}'), pg_temp.checked('["regex"]'), null, null),
  ('bad_check', pg_temp.checked('{"sql": {"query": ""}}'), pg_temp.checked('{"sql": {"query": "select 1", "expect": null}}'), null, null),
  ('bad_check', pg_temp.checked('{"sql": {"query": "select 1", "expect": []}}'), pg_temp.checked('{"sql": {"query": "select 1", "expect": {"n": 1}}}'), null, null),
  ('bad_check', pg_temp.checked('{"matches": {"value": "a"}}'), pg_temp.checked('{"matches": {"value": ["a"], "pattern": "a"}}'), null, null),
  ('bad_check', pg_temp.checked('{"schema": {"value": 1, "schema": []}}'), pg_temp.checked('{"schema": {"value": 1, "schema": {}}}'), null, null),
  ('bad_check', pg_temp.checked('{"number": {"value": 1}}'), pg_temp.checked('{"number": {"value": 1, "at_least": 1, "at_most": 2}}'), null, null),
  ('bad_check', pg_temp.checked('{"number": {"value": 1, "at_most": 2, "tolerance": 1}}'), pg_temp.checked('{"number": {"value": "1", "equals": 2, "tolerance": 0}}'), null, null),
  ('bad_check', pg_temp.checked('{"number": {"value": 1, "equals": 2, "at_most": 3}}'), pg_temp.checked('{"number": {"value": 1, "equals": 2, "at_most": null}}'), null, null),
  ('bad_check', pg_temp.checked('{"number": {"value": 1, "equals": 2, "tolerance": -1}}'), pg_temp.checked('7'), null, null),
  ('bad_check', pg_temp.checked('{"person": {"question": "q", "required_role": "king"}}'), pg_temp.checked('{"person": {"question": "q", "required_role": "admin"}}'), null, null),
  ('bad_check', pg_temp.checked('{"person": {"question": "q", "role": "admin"}}'), pg_temp.checked('{"person": "q"}'), null, null),
  ('unknown_kind', pg_temp.one('{"kind": "judge"}'), pg_temp.one('{"kind": "tool"}'), null, null),
  ('unknown_kind', pg_temp.one('{"kind": null}'), pg_temp.one('{"kind": "tool"}'), null, null),
  ('unknown_kind', pg_temp.one('{"kind": ["tool"]}'), pg_temp.one('{"kind": "tool"}'), null, null),
  ('unknown_dependency', pg_temp.plan(tests.steps('a, b:z')), pg_temp.plan(tests.steps('a, b:a')), null, null),
  ('unknown_dependency', pg_temp.one('{"depends_on": "a"}'), pg_temp.one('{"depends_on": null}'), null, null),
  ('unknown_dependency', pg_temp.two('{"depends_on": [1]}'), pg_temp.two('{"depends_on": ["a"]}'), null, null),
  ('unknown_dependency', pg_temp.one('{"depends_on": ["done"]}'), pg_temp.one('{"depends_on": []}'), 'done', null),
  ('self_dependency', pg_temp.plan(tests.steps('a, b:b')), pg_temp.plan(tests.steps('a, b:a')), null, null),
  ('duplicate_dependency', pg_temp.plan(tests.steps('a, b:a+a')), pg_temp.plan(tests.steps('a, c, b:a+c')), null, null),
  ('missing_agent', pg_temp.one('{"kind": "agent", "input": {"instructions": "i"}}'), pg_temp.one('{"kind": "agent", "agent": "reader", "input": {"instructions": "i"}}'), null, null),
  ('missing_agent', pg_temp.one('{"kind": "agent", "agent": "", "input": {"instructions": "i"}}'), pg_temp.one('{"kind": "agent", "agent": "writer", "input": {"instructions": "i"}}'), null, null),
  ('unknown_agent', pg_temp.one('{"kind": "agent", "agent": "absent", "input": {"instructions": "i"}}'), pg_temp.one('{"kind": "agent", "agent": "reader", "input": {"instructions": "i"}}'), null, null),
  ('agent_on_other_kind', pg_temp.one('{"agent": "reader"}'), pg_temp.one('{"agent": null}'), null, null),
  ('missing_input', pg_temp.one('{"input": null}'), pg_temp.one('{"input": {"tool": "sql", "arguments": {}}}'), null, null),
  ('missing_input', pg_temp.one('{"input": {"tool": "sql"}}'), pg_temp.one('{"input": {"tool": "sql", "arguments": {}}}'), null, null),
  ('missing_input', pg_temp.one('{"input": {"tool": "sql", "arguments": []}}'), pg_temp.one('{"input": {"tool": "sql", "arguments": {"a": []}}}'), null, null),
  ('missing_input', pg_temp.one('{"input": {"tool": "", "arguments": {}}}'), pg_temp.one('{"input": {"tool": "template", "arguments": {}}}'), null, null),
  ('missing_input', pg_temp.one('{"kind": "agent", "agent": "reader", "input": {}}'), pg_temp.one('{"kind": "agent", "agent": "reader", "input": {"instructions": "i", "procedure": null}}'), null, null),
  ('missing_input', pg_temp.one('{"kind": "agent", "agent": "reader", "input": {"instructions": "i", "procedure": [{"tool": "sql"}]}}'), pg_temp.one('{"kind": "agent", "agent": "reader", "input": {"instructions": "i", "procedure": []}}'), null, null),
  ('missing_input', pg_temp.one('{"kind": "approval", "input": {"question": ""}}'), pg_temp.one('{"kind": "approval", "input": {"question": "?"}}'), null, null),
  ('missing_input', pg_temp.one('{"kind": "approval", "input": {"question": "?", "content": "text"}}'), pg_temp.one('{"kind": "approval", "input": {"question": "?", "content": {"a": "text"}}}'), null, null),
  ('missing_input', pg_temp.one('{"kind": "approval", "input": {"question": "?", "content": []}}'), pg_temp.one('{"kind": "approval", "input": {"question": "?", "content": null}}'), null, null),
  ('missing_input', pg_temp.one('{"kind": "subgoal", "input": {"title": "t"}}'), pg_temp.one('{"kind": "subgoal", "input": {"title": "t", "description": "d"}}'), null, null),
  ('unknown_tool', pg_temp.one('{"input": {"tool": "rm", "arguments": {}}}'), pg_temp.one('{"input": {"tool": "sql", "arguments": {}}}'), null, null),
  ('unknown_tool', pg_temp.one('{"kind": "agent", "agent": "reader", "input": {"instructions": "i", "procedure": [{"tool": "rm", "arguments": {}}]}}'), pg_temp.one('{"kind": "agent", "agent": "reader", "input": {"instructions": "i", "procedure": [{"tool": "sql", "arguments": {}}]}}'), null, null),
  ('tool_not_allowed_for_agent', pg_temp.one('{"kind": "agent", "agent": "writer", "input": {"instructions": "i", "procedure": [{"tool": "sql", "arguments": {}}]}}'), pg_temp.one('{"kind": "agent", "agent": "writer", "input": {"instructions": "i", "procedure": [{"tool": "template", "arguments": {}}]}}'), null, null),
  ('bad_condition', pg_temp.two('{"condition": {"z": {}}}'), pg_temp.two('{"condition": {"a": {}}}'), null, null),
  ('bad_condition', pg_temp.two('{"condition": "a"}'), pg_temp.two('{"condition": {}}'), null, null),
  ('bad_condition', pg_temp.two('{"condition": false}'), pg_temp.two('{"condition": null}'), null, null),
  ('bad_on_failure', pg_temp.one('{"on_failure": "retry"}'), pg_temp.one('{"on_failure": "continue"}'), null, null),
  ('bad_on_failure', pg_temp.one('{"on_failure": true}'), pg_temp.one('{"on_failure": null}'), null, null),
  ('bad_attempts', pg_temp.one('{"max_attempts": 0}'), pg_temp.one('{"max_attempts": 1}'), null, null),
  ('bad_attempts', pg_temp.one('{"max_attempts": 21}'), pg_temp.one('{"max_attempts": 20}'), null, null),
  ('bad_attempts', pg_temp.one('{"max_attempts": 1.5}'), pg_temp.one('{"max_attempts": 2.0}'), null, null),
  ('bad_attempts', pg_temp.one('{"max_attempts": "3"}'), pg_temp.one('{"max_attempts": 3}'), null, null),
  ('bad_timeout', pg_temp.one('{"timeout_seconds": 0}'), pg_temp.one('{"timeout_seconds": 1}'), null, null),
  ('bad_timeout', pg_temp.one('{"timeout_seconds": 86401}'), pg_temp.one('{"timeout_seconds": 86400}'), null, null),
  ('bad_timeout', pg_temp.one('{"timeout_seconds": 1e99}'), pg_temp.one('{"timeout_seconds": 3e2}'), null, null),
  ('cycle', pg_temp.plan(tests.steps('a:c, b:a, c:b')), pg_temp.plan(tests.steps('a, b:a, c:b')), null, null),
  ('cycle', pg_temp.plan(tests.steps('x, a:b+x, b:a')), pg_temp.plan(tests.steps('x, a:b+x, b:x')), null, null),
  ('too_deep', pg_temp.plan(tests.steps('a, b:a, c:b, d:c')), pg_temp.plan(tests.steps('a, b:a, c:b')), null, '{"max_depth": 3}'),
  ('too_much_fan_out', pg_temp.plan(tests.steps('a, b:a, c:a, d:a')), pg_temp.plan(tests.steps('a, b:a, c:a, d:b')), null, '{"max_fan_out": 2}')
) p (code, bad, good, taken, limits);
-- The two plans are the same: the difference is a key that the run has already.
update pair set taken = 'other a' where code = 'duplicate_key' and bad = good;

select is(tests.problems(bad, taken, limits), code, code || ': ' || left(bad::text, 100)) from pair order by code, bad;
select is(tests.problems(good, case when bad = good then 'other' else taken end, limits), '', code || ' is not found in: ' || left(good::text, 100)) from pair order by code, bad;
select is((select count(distinct code) from pair), 24::bigint, 'all 24 problem codes are tested');

select * from finish();
rollback;
