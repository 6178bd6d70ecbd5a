-- The approval of a server's tool fixes whether it is idempotent and whether it writes.
begin;
select plan(6);
select tests.world();

select tests.policy_decides('allow');
insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at) values (tests.id_of('acme'), 'docs', 'https://docs.example/mcp', tests.id_of('adam'), now());
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, approved_hash, state, idempotent, writes, seen_at)
select s.workspace_id, s.id, t.name, 'd', '{}', 'h', 'h', 'approved', t.idempotent, t.writes, now()
  from goalpost.mcp_servers s, (values ('post', false, true), ('find', true, false)) t (name, idempotent, writes);
create function pg_temp.properties(p_tool text) returns text language plpgsql as $$
declare
  v_run_id bigint := tests.planned('a');
begin
  perform tests.start(v_run_id, 'a');
  perform goalpost_worker.freeze_calls(v_run_id, 'a', 1, jsonb_build_array(jsonb_build_object('call_id', 'tool', 'tool', p_tool)));
  perform tests.set('run', v_run_id);
  return (select (c.idempotent, c.writes)::text from goalpost.tool_calls c where c.run_id = v_run_id);
end
$$;
select is(pg_temp.properties('mcp.docs.find'), '(t,f)', 'a tool approved as idempotent and reading is frozen so');
select is(pg_temp.properties('mcp.docs.gone'), '(f,t)', 'an unknown tool is frozen as writing and not idempotent');
select is(pg_temp.properties('mcp.docs.post'), '(f,t)', 'a tool approved with the defaults is not idempotent');
select is(goalpost_worker.begin_calls(tests.get('run'), 'a', 1, '{1}') #>> '{calls,0,state}', 'running', 'a call of that tool is running before it is made');
select tests.lose(tests.get('run'));
select is(goalpost_worker.freeze_calls(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, '[{"call_id": "tool", "tool": "mcp.docs.post"}]') #>> '{calls,0,state}', 'unknown', 'the outcome of its call is unknown after a lost worker');
select is((select (a.kind, a.call_number)::text from tests.asked a), '(outcome_unknown,1)', 'a person decides the unknown outcome');

select * from finish();
rollback;
