-- A changed agent is the next version and the one active version of its name and goal type; an equal one adds none.
begin;
select plan(19);
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
select is(pg_temp.apply(pg_temp.agent(p.more)), p.expected, p.field || ' is part of a version')
  from (values (1, 'role', '{"role": "New"}'::jsonb, '2 active true'), (2, 'model', '{"model": "small"}', '3 active true'), (3, 'tools', '{"tools": []}', '4 active true'),
               (4, 'max_turns', '{"max_turns": 9}', '5 active true')) p (place, field, more, expected) order by place;
select is(pg_temp.states(), '1 retired, 2 retired, 3 retired, 4 retired, 5 active', 'one version is active');
select is(pg_temp.apply(pg_temp.agent('{"goal_type": "audit"}')), '6 active true', 'a version for a goal type is another one');
select is(pg_temp.states(), '1 retired, 2 retired, 3 retired, 4 retired, 5 active, 6 active', 'beside the one for all goals');
select is(pg_temp.apply(pg_temp.agent('{"role": "Try"}'), 'candidate'), '7 candidate true', 'a candidate is a version too');
select is(pg_temp.apply(pg_temp.agent('{"role": "Try again"}'), 'candidate'), '8 candidate true', 'a second candidate');
select is(pg_temp.states(), '1 retired, 2 retired, 3 retired, 4 retired, 5 active, 6 active, 7 retired, 8 candidate', 'takes the place of the first alone');
select is(pg_temp.apply(pg_temp.agent('{"role": "Try again"}')), '8 active true', 'a candidate that is applied becomes active');
select is(pg_temp.states(), '1 retired, 2 retired, 3 retired, 4 retired, 5 retired, 6 active, 7 retired, 8 active', 'and retires the active one of its goal type');
insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('elsewhere'), 'clerk', 'r');
select is(pg_temp.apply(pg_temp.agent()), '9 active true', 'a return to an earlier content is a new version');
select is((select count(*) from goalpost.agents where name = 'clerk' and state = 'active'), 3::bigint, 'another workspace''s agent of the name stays');
select is(tests.refusal_for('adam', format('select goalpost.apply_agent(%L, %L, %L)', tests.id_of('acme'), pg_temp.agent(), 'retired')), 'ZG003', 'an agent is not applied as retired');
select is(tests.refusal_for('petra', format('select goalpost.apply_agent(%L, %L)', tests.id_of('acme'), pg_temp.agent())), 'ZG002', 'an approver may not apply one');

select * from finish();
rollback;
