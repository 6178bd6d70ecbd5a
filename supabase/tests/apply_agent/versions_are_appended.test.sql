-- A changed agent is the next version and the one active version of its name and goal type; an equal one adds none.
begin;
select plan(23);
select tests.world();
create function pg_temp.agent(p_more jsonb default '{}') returns jsonb language sql as $$ select '{"name": "clerk", "role": "You file.", "tools": ["calculate"]}'::jsonb || p_more $$;
create function pg_temp.apply(p_agent jsonb, p_state text default 'active') returns text language sql as $$
  select r ->> 'version' || ' ' || (r ->> 'state') || ' ' || (r ->> 'changed')
    from tests.json_for('adam', format('select goalpost.apply_agent(%L, %L, %L)', tests.id_of('acme'), p_agent, p_state)) r $$;
create function pg_temp.states() returns text language sql as $$
  select string_agg(version || ' ' || state, ', ' order by version) from goalpost.agents where name = 'clerk' and workspace_id = tests.id_of('acme') $$;

select is(pg_temp.apply(pg_temp.agent()), '1 active true', 'the first version is active');
select is((select author || ' ' || (created_by = tests.id_of('adam')) || ' ' || max_turns || ' ' || coalesce(model, 'no model') from goalpost.agents where name = 'clerk'),
          'person true 8 no model', 'the version has its author, and the defaults');
select is(pg_temp.apply(pg_temp.agent()), '1 active false', 'an equal agent adds no version');
create function pg_temp.varied(p_more jsonb) returns text language plpgsql as $$
declare
  v_applied text := pg_temp.apply(pg_temp.agent(p_more));
begin
  perform pg_temp.apply(pg_temp.agent());
  return v_applied;
end $$;
select is(pg_temp.varied(p.more), p.expected, p.field || ' is part of a version')
  from (values (1, 'role', '{"role": "New"}'::jsonb, '2 active true'), (2, 'model', '{"model": "small"}', '4 active true'), (3, 'tools', '{"tools": []}', '6 active true'),
               (4, 'max_turns', '{"max_turns": 9}', '8 active true')) p (place, field, more, expected) order by place;
select is(pg_temp.states(), '1 retired, 2 retired, 3 retired, 4 retired, 5 retired, 6 retired, 7 retired, 8 retired, 9 active', 'one version is active');
select is(pg_temp.apply(pg_temp.agent('{"goal_type": "audit"}')), '10 active true', 'a version for a goal type is another one');
delete from goalpost.agents where name = 'clerk' and state = 'retired';
select is(pg_temp.states(), '9 active, 10 active', 'beside the one for all goals');
select is(pg_temp.apply(pg_temp.agent('{"role": "Try"}'), 'candidate'), '11 candidate true', 'a candidate is a version too');
select is(pg_temp.apply(pg_temp.agent('{"role": "Try again"}'), 'candidate'), '12 candidate true', 'a second candidate');
select is(pg_temp.states(), '9 active, 10 active, 11 retired, 12 candidate', 'takes the place of the first alone');
select is(pg_temp.apply(pg_temp.agent('{"role": "Try again"}')), '12 active true', 'a candidate that is applied becomes active');
select is(pg_temp.states(), '9 retired, 10 active, 11 retired, 12 active', 'and retires the active one of its goal type');
insert into goalpost.agents (workspace_id, name, version, role, tools) values (tests.id_of('elsewhere'), 'clerk', 40, 'You file.', '{calculate}');
select is(pg_temp.apply(pg_temp.agent()), '13 active true', 'a return to an earlier content is a new version');
select is((select count(*) from goalpost.agents where name = 'clerk' and state = 'active'), 3::bigint, 'another workspace''s agent of the name stays');
select is(pg_temp.apply(pg_temp.agent('{"name": "porter"}')), '1 active true', 'another agent of the same content has versions of its own');
select pg_temp.apply('{"name": "porter", "role": "s"}', 'candidate');
select is(pg_temp.apply(pg_temp.agent('{"goal_type": "audit", "role": "Try"}'), 'candidate'), '14 candidate true', 'a candidate for a goal type');
select is((select string_agg(name || ' ' || version || ' ' || state, ', ' order by name, version) from goalpost.agents where workspace_id = tests.id_of('acme') and state <> 'retired'),
          'clerk 10 active, clerk 13 active, clerk 14 candidate, porter 1 active, porter 2 candidate', 'leaves active versions and other agents as they are');
select is(pg_temp.apply('{"name": "porter", "role": "s", "goal_type": "audit"}', 'candidate'), '3 candidate true', 'there is one candidate of a name, whatever its goal type');
select is(tests.refusal_for('adam', format('select goalpost.apply_agent(%L, %L, %L)', tests.id_of('acme'), pg_temp.agent(), 'retired')), 'ZG003', 'an agent is not applied as retired');
select is(tests.refusal_for('petra', format('select goalpost.apply_agent(%L, %L)', tests.id_of('acme'), pg_temp.agent())), 'ZG002', 'an approver may not apply one');

select * from finish();
rollback;
