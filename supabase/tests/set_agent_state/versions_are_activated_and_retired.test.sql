-- An admin activates an earlier version, or retires one; built-in agents and those of others are refused.
begin;
select plan(13);
select tests.world();
create function pg_temp.apply(p_more jsonb) returns bigint language sql as $$
  select (tests.json_for('adam', format('select goalpost.apply_agent(%L, %L)', tests.id_of('acme'), '{"name": "clerk", "role": "r"}'::jsonb || p_more)) ->> 'agent_id')::bigint $$;
create function pg_temp.set_state(p_agent bigint, p_state text) returns text language sql as $$
  select r ->> 'name' || ' ' || (r ->> 'version') || ' ' || (r ->> 'state') from tests.json_for('adam', format('select goalpost.set_agent_state(%s, %L)', p_agent, p_state)) r $$;
create function pg_temp.states() returns text language sql as $$ select string_agg(version || ' ' || state, ', ' order by version) from goalpost.agents where name = 'clerk' $$;
select tests.set('first', pg_temp.apply('{}')), tests.set('second', pg_temp.apply('{"role": "s"}')), tests.set('audit', pg_temp.apply('{"goal_type": "audit"}'));
select is(pg_temp.set_state(tests.get('first'), 'active'), 'clerk 1 active', 'an earlier version is activated');
select is(pg_temp.states(), '1 active, 2 retired, 3 active', 'the active one of its goal type is retired');
select is(pg_temp.set_state(tests.get('first'), 'active'), 'clerk 1 active', 'once more changes nothing');
select is(pg_temp.set_state(tests.get('first'), 'retired'), 'clerk 1 retired', 'a version is retired');
select is(pg_temp.set_state(tests.get('second'), 'retired'), 'clerk 2 retired', 'also one that is retired');
select is(pg_temp.states(), '1 retired, 2 retired, 3 active', 'other versions stay');
select is(tests.refusal_for('adam', format('select goalpost.set_agent_state(%s, ''candidate'')', tests.get('first'))), 'ZG003', 'a candidate is applied');
select is(tests.refusal_for('petra', format('select goalpost.set_agent_state(%s, ''active'')', tests.get('first'))), 'ZG002', 'an approver may not');
select is(tests.refusal_for('adam', format('select goalpost.set_agent_state(%s, ''retired'')', (select id from goalpost.agents where name = 'analyst'))), 'ZG002', 'a built-in agent stays');
select is(tests.refusal_for('sam', format('select goalpost.set_agent_state(%s, ''retired'')', tests.get('first'))), 'ZG001', 'another workspace''s admin does not see it');
select is(tests.refusal(format('select goalpost_private.set_agent_state(%s, ''retired'')', (select id from goalpost.agents where name = 'analyst'))), 'ZG001', 'nor is a built-in agent named to a caller who is not signed in');
insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'porter', 'r');
select is(pg_temp.set_state(tests.get('first'), 'active') || (select ', porter ' || state from goalpost.agents where name = 'porter'), 'clerk 1 active, porter active', 'other agents stay active');
select is(tests.refusal_for('adam', 'select goalpost.set_agent_state(-1, ''retired'')'), 'ZG001', 'an agent that does not exist is refused');
select * from finish();
rollback;
