-- A step may use an approved tool of the workspace's own servers; a control tool is for agents only.
begin;
select plan(9);
select tests.world();

insert into goalpost.tools (name, description, parameters, idempotent, writes, control) values ('remember', 'r', '{}', true, false, true) on conflict do nothing;
select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'')', tests.id_of('acme')));
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, state, approved_hash, seen_at)
select workspace_id, id, t, 'd', '{"type": "object"}', 'h', case t when 'new' then 'pending' else 'approved' end, case t when 'new' then null else 'h' end, now()
  from goalpost.mcp_servers, unnest(array['search', 'new']) t;
insert into goalpost.agents (workspace_id, name, role, tools) values (tests.id_of('acme'), 'finder', 'r', '{mcp.docs.search,mcp.docs.new,remember}');
select tests.set('run_acme', tests.bare_run()), tests.set('run_elsewhere', tests.bare_run('elsewhere', 'sam'));
create function pg_temp.problems(p_tool text, p_workspace text default 'acme') returns jsonb language sql as $$
  select jsonb_path_query_array(goalpost_private.check_plan_of_run(
    jsonb_build_object('steps', tests.steps('a', jsonb_build_object('a', jsonb_build_object('input', jsonb_build_object('tool', p_tool, 'arguments', '{}'::jsonb))))),
    (select r from goalpost.workflow_runs r where r.id = tests.get('run_' || p_workspace))), '$[*].code') $$;

select is(pg_temp.problems('mcp.docs.search'), '[]', 'a plan may name an approved server tool');
select is(pg_temp.problems('mcp.docs.new'), '["unknown_tool"]', 'a plan may not name a pending server tool');
select is(pg_temp.problems('mcp.docs.search', 'elsewhere'), '["unknown_tool"]', 'a plan may not name another workspace''s server tool');
select is(pg_temp.problems('remember'), '["unknown_tool"]', 'a plan may not name a control tool');
select is(goalpost_private.describe_tools(tests.id_of('acme'), '{mcp.docs.search,mcp.docs.new,remember}') @? '$[*] ? (@.name == "mcp.docs.search")', true, 'an agent receives its approved server tools');
select is(goalpost_private.describe_tools(tests.id_of('acme'), '{mcp.docs.search,mcp.docs.new,remember}') @? '$[*] ? (@.name == "remember")', true, 'an agent receives its control tools');
select is(goalpost_private.describe_tools(tests.id_of('acme'), '{mcp.docs.search,mcp.docs.new,remember}') @? '$[*] ? (@.name == "mcp.docs.new")', false, 'an agent does not receive pending server tools');
select is(goalpost_private.describe_tools(tests.id_of('acme'), null) @? '$[*] ? (@.name == "remember")', false, 'a planner does not receive control tools');
select is((goalpost_private.find_tool(tests.id_of('elsewhere'), 'mcp.docs.search')).name, null, 'another workspace does not find the server tool');

select * from finish();
rollback;
