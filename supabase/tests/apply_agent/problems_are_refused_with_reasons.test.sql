-- An agent that cannot work is refused with the reason, and nothing is written.
begin;
select plan(17);
select tests.world();
create function pg_temp.reason(p_agent jsonb) returns text language plpgsql as $$
begin
  perform tests.json_for('adam', format('select goalpost.apply_agent(%L, %L)', tests.id_of('acme'), p_agent));
  return 'none';
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
select matches(pg_temp.reason('{"name": "clerk", "role": "r"}'::jsonb || p.more), '^ZG003 .*' || p.expected, p.more::text || ' is refused')
  from (values ('{"name": ""}'::jsonb, 'name'), ('{"name": "Über uns"}', 'a lower-case letter'), ('{"name": "clerk; drop"}', 'a lower-case letter'), ('{"role": ""}', 'role'),
               ('{"role": 7}', 'role'), ('{"role": " \n"}', 'the role of an agent is empty'), ('{"model": ""}', 'model'), ('{"tools": "sql"}', 'tools'), ('{"tools": ["calculate", "teleport"]}', 'there is no tool teleport'),
               ('{"max_turns": 0}', 'max_turns'), ('{"max_turns": 101}', 'max_turns'), ('{"goal_type": ""}', 'goal_type'), ('{"colour": "red"}', 'colour')) p (more, expected);
select matches(pg_temp.reason('{"name": "clerk", "role": "r", "tools": ["b", "a"]}'), 'there is no tool a in', 'of several unknown tools the first by name is named');
select matches(pg_temp.reason(jsonb_build_object('name', 'clerk', 'role', repeat('r', 70000))), '^ZG007 the agent has at most 65536 bytes', 'an agent that is too large is refused before its schema');
select matches(pg_temp.reason(null), '^ZG003 .*the agent', 'an agent is required');
select is((select count(*) from goalpost.agents where name = 'clerk'), 0::bigint, 'none is written');
select * from finish();
rollback;
