-- Nothing is written of a runbook with a problem; check_runbook returns all of them.
begin;
select plan(19);
select tests.world();

create function pg_temp.book(p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('name', 'r', 'title', 't', 'description', 'd', 'plan', jsonb_build_object('steps', tests.steps('a'))) || p_more $$;
create function pg_temp.problems(p_book jsonb) returns text language sql as $$
  select string_agg(p ->> 'code' || ': ' || (p ->> 'message'), '; ') from tests.json_for('mia', format('select goalpost.check_runbook(%L, %L)', tests.id_of('acme'), p_book)) r, jsonb_array_elements(r -> 'problems') p $$;
create function pg_temp.plan_reads(p_name text) returns jsonb language sql as $$
  select jsonb_build_object('plan', jsonb_build_object('steps', jsonb_build_array(jsonb_build_object('key', 'a', 'kind', 'tool', 'input', jsonb_build_object('tool', 'sql', 'arguments', jsonb_build_object('query', format('select {{ parameters.%s }}', p_name))))))) $$;

select is(pg_temp.problems(pg_temp.book()), null, 'a sound runbook has no problems');
select matches(pg_temp.problems(null), 'the runbook must be of the type object', 'null is no runbook');
select matches(pg_temp.problems('[]'), 'the runbook must be of the type object', 'a list is no runbook');
select matches(pg_temp.problems(pg_temp.book() - 'title'), 'the runbook needs title', 'a missing field is named');
select matches(pg_temp.problems(pg_temp.book('{"steps": []}')), 'the runbook has no steps', 'an unknown field is named');
select matches(pg_temp.problems(pg_temp.book('{"name": "My book"}')), 'bad_name', 'a name with a space is refused');
select matches(pg_temp.problems(pg_temp.book('{"parameters": {"type": "string"}}')), 'schema of the type object', 'parameters of another type are refused');
select matches(pg_temp.problems(pg_temp.book('{"parameters": {"type": "object", "oneOf": []}}')), 'parameters uses oneOf', 'a keyword that is not checked is refused');
select matches(pg_temp.problems(pg_temp.book(pg_temp.plan_reads('week') || '{"parameters": {"type": "object", "properties": {"day": {}}}}')), 'parameters.week, which', 'a parameter that is read and not declared is refused');
select is(pg_temp.problems(pg_temp.book(pg_temp.plan_reads('week') || '{"parameters": {"type": "object", "properties": {"week": {}}}}')), null, 'a declared parameter may be read');
select is(pg_temp.problems(pg_temp.book(pg_temp.plan_reads('week'))), null, 'a runbook without declared parameters may read any');
select matches(pg_temp.problems(pg_temp.book('{"budget": {"max_microusd": -1}}')), 'budget.max_microusd must keep', 'a budget below zero is refused');
select matches(pg_temp.problems(pg_temp.book('{"plan": {"steps": [{"key": "a", "kind": "tool", "input": {"tool": "crystal_ball", "arguments": {}}}, {"key": "b", "kind": "agent", "agent": "nobody_here", "input": {"instructions": "x"}}]}}')), 'unknown_tool.*unknown_agent', 'all problems of the plan are listed');
create function pg_temp.refused(p_plan_more jsonb) returns text language sql as $$
  select tests.refusal_for('adam', format('select goalpost.apply_runbook(%L, %L)', tests.id_of('acme'), pg_temp.book(jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a')) || p_plan_more)))) $$;
select is(pg_temp.refused(jsonb_build_object('note', (repeat('[', 200) || repeat(']', 200))::jsonb)), 'ZG003', 'a runbook nested too deep is refused');
select is(pg_temp.refused('{"note": 1e131071}'), 'ZG003', 'a number of thousands of digits is refused');
select is(pg_temp.refused(jsonb_build_object('note', repeat('x', 1100000))), 'ZG007', 'a runbook above a megabyte is refused');
select is(tests.refusal_for('adam', format('select goalpost.apply_runbook(%L, %L)', tests.id_of('acme'), pg_temp.book('{"plan": {"steps": [{"key": "a", "kind": "odd"}]}}'))), 'ZG003', 'a runbook with a problem is not applied');
select is((select count(*) from goalpost.runbooks where workspace_id = tests.id_of('acme')), 0::bigint, 'nothing is written of it');
insert into goalpost.runbooks (workspace_id, name, version, title, description, goal_type, plan, state) select tests.id_of('acme'), 'many', n, 't', 'd', 'g', '{}', 'retired' from generate_series(1, 10000) n;
select is(tests.refusal_for('adam', format('select goalpost.apply_runbook(%L, %L)', tests.id_of('acme'), pg_temp.book())), 'ZG006', 'versions over the cap are refused');

select * from finish();
rollback;
