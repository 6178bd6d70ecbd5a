-- A denial of one agent holds for that agent; calls of other runs and steps, and later ones, do not count against a cap;
-- the state of a server's tool is that of this workspace.
begin;
select plan(9);
select tests.world();

select tests.tools();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('hand'), 'b', tests.agent('hand'))));
select tests.set('other_run', tests.planned('a', jsonb_build_object('a', tests.agent('hand'))));
create function pg_temp.decision(p_tool text) returns text language sql as $$ select tests.policy(tests.get('run'), 'a', p_tool, '{"n": 0}') $$;

update goalpost.tools set max_calls_per_step = 2 where name = 'fetch';
select tests.call(tests.get('other_run'), 'a', 'done', 'fetch', format('{"n": %s}', n)::jsonb) from generate_series(1, 2) n;
select tests.call(tests.get('run'), 'b', 'done', 'fetch', format('{"n": %s}', n)::jsonb) from generate_series(1, 2) n;
select is(pg_temp.decision('fetch'), 'allow default', 'calls of other runs and steps do not count against the cap of a step');
select tests.call(tests.get('run'), 'a', 'done', 'fetch', format('{"n": %s}', n)::jsonb) from generate_series(1, 3) n;
select is((goalpost_private.decide_call(tests.step(tests.get('run'), 'a'), tests.the_call(tests.get('run'), 'a', 2), goalpost_private.clock())).decision,
  'allow', 'a call decided again, and later ones, do not count');
select is(pg_temp.decision('fetch'), 'deny max_calls_per_step', 'a call over the cap is denied');
insert into goalpost.tool_policies (workspace_id, name, tool, effect, agent) values (tests.id_of('acme'), 'no_hand', 'look', 'deny', 'hand');
select is(pg_temp.decision('look'), 'deny no_hand', 'a denial of an agent holds for that agent');

-- Two workspaces and two servers with tools of the same names.
insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at)
select tests.id_of(w), n, 'https://docs.example.com/', tests.id_of('adam'), now() from unnest(array['elsewhere', 'acme']) w, unnest(array['other', 'docs']) n;
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, state, approved_hash, seen_at)
select s.workspace_id, s.id, t.name, 'd', '{}', 'h', t.state, 'h', now()
  from goalpost.mcp_servers s,
       lateral (values ('find', case when s.workspace_id = tests.id_of('acme') and s.name = 'docs' then 'changed' else 'gone' end),
                       ('read', 'approved')) t (name, state)
 where s.name in ('docs', 'other');
update goalpost.agents set tools = tools || '{mcp.docs.find,mcp.docs.read,mcp.docs.none}' where name = 'hand';
create function pg_temp.message(p_tool text) returns text language plpgsql as $$
declare
  v_call goalpost.tool_calls := tests.the_call(tests.get('run'), 'a', 1);
begin
  v_call.tool := p_tool;
  v_call.number := 9;
  return (goalpost_private.decide_call(tests.step(tests.get('run'), 'a'), v_call, goalpost_private.clock())).message;
end
$$;
select is(pg_temp.decision('mcp.docs.read'), 'allow default', 'an approved tool of a server is allowed');
select is(pg_temp.decision('mcp.docs.find'), 'deny mcp_tool_not_approved', 'a changed tool of a server is denied');
select matches(pg_temp.message('mcp.docs.find'), 'is changed in this workspace', 'the state is that of the server''s tool in this workspace');
select matches(pg_temp.message('mcp.docs.none'), 'is not known in this workspace', 'a tool that no server listed is not known');
select is(pg_temp.message('mcp.docs.read'), null, 'an allowed call has no message');

select * from finish();
rollback;
