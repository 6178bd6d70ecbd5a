-- A schedule is paused, resumed and removed by its person and by admins.
begin;
select plan(13);
select tests.world();
select tests.json_for('mia', format('select goalpost.set_schedule(%L, ''{"name": "daily", "question": "q", "cron": "0 9 * * *", "time_zone": "UTC"}'')', tests.id_of('acme')));
-- Another one here, and one of the same name elsewhere.
select tests.json_for('mia', format('select goalpost.set_schedule(%L, ''{"name": "weekly", "question": "q", "cron": "0 9 * * 1", "time_zone": "UTC"}'')', tests.id_of('acme')));
select tests.json_for('sam', format('select goalpost.set_schedule(%L, ''{"name": "daily", "question": "q", "cron": "0 9 * * *", "time_zone": "UTC"}'')', tests.id_of('elsewhere')));
create temp table others as select id, state, next_at from goalpost.schedules where name = 'weekly' or workspace_id = tests.id_of('elsewhere');
create function pg_temp.change(p_person text, p_change text, p_name text default 'daily') returns text language sql as $$
  select (r ->> 'state') || case when r ->> 'next_at' is null then '' else ' next' end
    from tests.json_for(p_person, format('select goalpost.change_schedule(%L, %L, %L)', tests.id_of('acme'), p_name, p_change)) r $$;
create function pg_temp.refused(p_person text, p_change text, p_name text default 'daily') returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.change_schedule(%L, %L, %L)', tests.id_of('acme'), p_name, p_change)) $$;
select is(pg_temp.change('mia', 'pause'), 'paused', 'its person pauses it');
select is(pg_temp.change('mia', 'pause'), 'paused', 'again changes nothing');
select tests.advance_clock('10 days');
select is(pg_temp.change('mia', 'resume'), 'active next', 'and resumes it');
select is((select next_at between goalpost_private.clock() and goalpost_private.clock() + interval '1 day' from goalpost.schedules where name = 'daily' and workspace_id = tests.id_of('acme')), true, 'with the next tick from now');
update goalpost.schedules set next_at = goalpost_private.clock() - interval '1 minute' where name = 'daily' and workspace_id = tests.id_of('acme');
select is((tests.json_for('mia', format('select goalpost.change_schedule(%L, ''daily'', ''resume'')', tests.id_of('acme'))) ->> 'next_at')::timestamptz < goalpost_private.clock(), true, 'a tick that is due stays due');
select is(pg_temp.refused('petra', 'pause'), 'ZG002', 'another member may not');
select is(pg_temp.refused('sam', 'pause'), 'ZG001', 'a stranger may not');
select is(pg_temp.refused('mia', 'stop'), 'ZG003', 'another change is refused');
select is(pg_temp.refused('mia', 'pause', 'yearly'), 'ZG001', 'a name that does not exist is refused');
update goalpost.members set role = 'viewer' where user_id = tests.id_of('mia');
select is(pg_temp.refused('mia', 'pause'), 'ZG002', 'its person may not any more as a viewer');
select is(pg_temp.change('adam', 'remove'), 'removed', 'an admin removes it');
select is((select count(*) from goalpost.schedules where name = 'daily' and workspace_id = tests.id_of('acme')), 0::bigint, 'and it is gone');
select set_eq('select id, state, next_at from goalpost.schedules', 'select * from others', 'others are as they were');
select * from finish();
rollback;
