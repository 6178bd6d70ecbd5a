-- A changed runbook is the next version and the one active version of its name; an equal one adds none.
begin;
select plan(14);
select tests.world();

create function pg_temp.book(p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('name', 'stale-orders', 'title', 'Stale orders', 'description', 'Lists stale orders', 'examples', '["Which orders are stale?"]'::jsonb,
    'plan', jsonb_build_object('steps', tests.steps('a'))) || p_more $$;
create function pg_temp.apply(p_person text, p_book jsonb, p_state text default 'active') returns text language sql as $$
  select r ->> 'version' || ' ' || (r ->> 'state') || ' ' || (r ->> 'changed') from tests.json_for(p_person, format('select goalpost.apply_runbook(%L, %L, %L)', tests.id_of('acme'), p_book, p_state)) r $$;
create function pg_temp.states() returns text language sql as $$
  select string_agg(version || ' ' || state, ', ' order by version) from goalpost.runbooks where name = 'stale-orders' and workspace_id = tests.id_of('acme') $$;

select is(pg_temp.apply('adam', pg_temp.book()), '1 active true', 'the first version is active');
select is((select author || ' ' || (created_by = tests.id_of('adam')) || ' ' || goal_type from goalpost.runbooks where name = 'stale-orders'), 'person true stale_orders', 'the version names its author, and has a goal type by its name');
select is(pg_temp.apply('adam', pg_temp.book()), '1 active false', 'an equal runbook adds no version');
select is(pg_temp.apply('adam', pg_temp.book(p.more)), p.expected, p.field || ' is part of a version')
  from (values (1, 'title', '{"title": "New"}'::jsonb, '2 active true'), (2, 'description', '{"description": "New"}', '3 active true'), (3, 'goal_type', '{"goal_type": "new"}', '4 active true'),
               (4, 'examples', '{"examples": []}', '5 active true'), (5, 'parameters', '{"parameters": {"type": "object"}}', '6 active true'),
               (6, 'budget', '{"budget": {"max_microusd": 1}}', '7 active true'), (7, 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a, b:a'))), '8 active true')) p (place, field, more, expected) order by place;
select is(pg_temp.states(), '1 retired, 2 retired, 3 retired, 4 retired, 5 retired, 6 retired, 7 retired, 8 active', 'only the newest version is active');

-- Another workspace's runbook of the name, and a built-in one, stay.
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('elsewhere'), 'stale-orders', 't', 'd', 'g', '{}'), (null, 'stale-orders', 't', 'd', 'g', '{}');
select is(pg_temp.apply('adam', pg_temp.book()), '9 active true', 'a return to an earlier content is a new version');
select is((select count(*) from goalpost.runbooks where name = 'stale-orders' and state = 'active'), 3::bigint, 'runbooks of others with the name stay active');
select is(tests.refusal_for('adam', format('select goalpost.apply_runbook(%L, %L, %L)', tests.id_of('acme'), pg_temp.book(), 'retired')), 'ZG003', 'a runbook is not applied as retired');

select * from finish();
rollback;
