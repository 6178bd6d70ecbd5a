-- Each fault of a step is reported once: a rule about another kind of step, or about a part that cannot be read, adds no
-- second problem.
begin;
select plan(27);
select tests.world();

create function pg_temp.of(p_step jsonb, p_limits jsonb default '{}') returns text language sql as $$
  select tests.problems(jsonb_build_object('steps', jsonb_build_array('{"key": "a"}'::jsonb || p_step)), '', p_limits) $$;
create function pg_temp.agent(p_input jsonb) returns text language sql as $$
  select pg_temp.of(jsonb_build_object('kind', 'agent', 'agent', 'reader', 'input', '{"instructions": "think"}'::jsonb || p_input)) $$;

select is(pg_temp.agent('{}'), '', 'the step of an agent with its instructions is sound');
select is(pg_temp.agent('{"tool": "nowhere"}'), '', 'an agent''s input may contain a field of tool steps');
select is(pg_temp.agent('{"instructions": 5}'), 'missing_input', 'instructions that are no text are missing');
select is(pg_temp.agent('{"instructions": ""}'), 'missing_input', 'a step with empty instructions lacks them');
select is(pg_temp.agent('{"procedure": [{"tool": 5, "arguments": {}}]}'), 'missing_input', 'a procedure call whose tool is no text is incomplete');
select is(pg_temp.agent('{"procedure": [{"tool": "", "arguments": {}}]}'), 'missing_input', 'a procedure call with an empty tool is incomplete');
select is(pg_temp.agent('{"procedure": [{"tool": "nowhere", "arguments": {}}]}'), 'unknown_tool', 'a call of a procedure with an unknown tool is found');
select is(pg_temp.of('{"kind": "tool", "input": {"tool": 5, "arguments": {}}}'), 'missing_input', 'a tool that is no text is missing, and not unknown');
select is(pg_temp.of('{"kind": "tool", "input": {"tool": "", "arguments": {}}}'), 'missing_input', 'an empty tool is missing, and not unknown');
select is(pg_temp.of('{"kind": "tool", "input": {"tool": "sql", "arguments": {}, "procedure": [{"tool": "nowhere", "arguments": {}}]}}'), '',
          'a procedure in the step of a tool is ignored');
select is(pg_temp.of('{"kind": "tool", "agent": "absent", "input": {"tool": "sql", "arguments": {}}}'), 'agent_on_other_kind',
          'an agent on the step of a tool is refused, known or not');
select is(pg_temp.of('{"kind": "agent", "input": {"instructions": "think"}}'), 'missing_agent', 'an agent that is not named is missing, and not unknown');
select is(pg_temp.of('{"kind": "tool", "depends_on": [1, 2], "input": {"tool": "sql", "arguments": {}}}'), 'unknown_dependency',
          'two dependencies that are no keys are unknown, not repeated');
select is(pg_temp.of('{"key": "Bad", "kind": "tool", "depends_on": ["Bad"], "input": {"tool": "sql", "arguments": {}}}'), 'bad_key self_dependency',
          'a step with a bad key that waits for itself has no unknown dependency');
select is(tests.problems(jsonb_build_object('steps', tests.steps('a, b', '{"a": {"key": null}, "b": {"depends_on": ["nowhere"]}}'))), 'bad_key unknown_dependency',
          'a step without a key hides no unknown dependency of another');
select is(tests.problems(jsonb_build_object('steps', tests.steps('a, b', '{"a": {"key": "Bad"}, "b": {"depends_on": ["Bad"]}}'))), 'bad_key unknown_dependency',
          'a step with a bad key cannot be waited for');
select is(pg_temp.of(jsonb_build_object('kind', k, 'input', i::jsonb)), 'missing_input', 'a step of kind ' || k || ' with ' || i || ' is incomplete')
  from (values ('approval', '{"question": 5}'), ('approval', '{"question": ""}'), ('subgoal', '{"title": 5, "description": "d"}'), ('subgoal', '{"title": "", "description": "d"}'),
               ('subgoal', '{"title": "t", "description": 5}'), ('subgoal', '{"title": "t", "description": ""}')) v (k, i);
select is(pg_temp.of('{"kind": "subgoal", "input": {"title": "t", "description": "d"}}'), '', 'a sub-goal with title and description is sound');

-- Exactly as large as a plan may be.
create function pg_temp.plan() returns jsonb language sql as $$ select jsonb_build_object('steps', tests.steps('a')) $$;
select is(tests.problems(pg_temp.plan(), '', jsonb_build_object('max_plan_bytes', octet_length(pg_temp.plan()::text))), '', 'a plan of exactly the largest size is sound');
select is(tests.problems(pg_temp.plan(), '', jsonb_build_object('max_plan_bytes', octet_length(pg_temp.plan()::text) - 1)), 'too_large', 'a plan of one byte more is too large');

-- A cycle names the steps that are in it.
create function pg_temp.cycle() returns jsonb language sql as $$
  select goalpost_private.check_plan(jsonb_build_object('steps', tests.steps('z, a:z+b, b:a, c:z')), '{}', array['sql'], '{}',
                                     (select l from goalpost_private.limits l)) $$;
select is(pg_temp.cycle() #>> '{0,message}', 'steps wait for each other: a, b', 'steps that wait for each other are named without the others');
select is(pg_temp.cycle() #>> '{0,step_key}', 'a', 'the problem refers to the first step of the cycle');

select * from finish();
rollback;
