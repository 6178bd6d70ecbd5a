-- A person chooses occasions and a quiet time, for one target or for all of their own.
begin;
select plan(24);
select tests.world();
insert into goalpost.notification_targets (workspace_id, user_id, name, kind, shown_address, occasions, created_by, created_at)
select tests.id_of('acme'), tests.id_of(p), n, 'email', 'a@tests.example', goalpost_private.occasions(), tests.id_of('olga'), now()
  from (values ('mia', 'one'), ('mia', 'two'), ('petra', 'one'), (null, 'channel')) t (p, n);
create function pg_temp.set(p_person text, p_preferences jsonb, p_name text default null) returns jsonb language sql as $$
  select tests.json_for(p_person, format('select goalpost.set_notification_preferences(%L, %L, %L)', tests.id_of('acme'), p_preferences, p_name)) $$;
create function pg_temp.refused(p_person text, p_preferences jsonb, p_name text default null) returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.set_notification_preferences(%L, %L, %L)', tests.id_of('acme'), p_preferences, p_name)) $$;
create function pg_temp.stored() returns text language sql as $$
  select string_agg(concat_ws(' ', coalesce(case t.user_id when tests.id_of('mia') then 'mia' when tests.id_of('petra') then 'petra' end, 'all'), t.name, cardinality(t.occasions), t.quiet_from, t.quiet_until, t.time_zone), ', ' order by t.id)
    from goalpost.notification_targets t where t.workspace_id = tests.id_of('acme') $$;
select is(jsonb_array_length(pg_temp.set('mia', '{"occasions": ["request.failed"], "quiet": {"from": "22:00", "until": "07:00"}, "time_zone": "Europe/Berlin"}')), 2, 'without a name, all targets of the caller change');
select is(pg_temp.stored(), 'mia one 1 22:00:00 07:00:00 Europe/Berlin, mia two 1 22:00:00 07:00:00 Europe/Berlin, petra one 6 UTC, all channel 6 UTC', 'targets of others stay as they are');
select is(jsonb_array_length(pg_temp.set('mia', '{"quiet": null}', 'two')), 1, 'with a name, one');
select is(jsonb_array_length(pg_temp.set('mia', '{"occasions": []}', 'two')), 1, 'which may take no occasion at all');
select is(pg_temp.stored(), 'mia one 1 22:00:00 07:00:00 Europe/Berlin, mia two 0 Europe/Berlin, petra one 6 UTC, all channel 6 UTC', 'what is absent stays');
select is(pg_temp.refused('petra', '{"quiet": null}', 'channel'), 'ZG002', 'a shared target is set by admins');
select is(pg_temp.refused('adam', '{"occasions": ["request.completed"]}', 'channel'), 'none', 'such as this one');
select is(pg_temp.refused('petra', '{}', 'two'), 'ZG001', 'another person''s target does not exist for the caller');
select is(pg_temp.refused('sam', '{}'), 'ZG001', 'nor does the workspace for a stranger');
select is(pg_temp.refused('mia', p), 'ZG003', p::text || ' is refused')
  from unnest(array['[]', '{"quiet": {"from": "22:00"}}', '{"quiet": {"from": "7", "until": "22:00"}}', '{"quiet": {"from": "22:00", "until": "22:00"}}', '{"quiet": {"from": "24:00", "until": "07:00"}}',
                    '{"time_zone": "Mars/Base"}', '{"time_zone": ""}', '{"occasions": ["test"]}', '{"occasions": [3]}', '{"loud": true}', '{"quiet": "always"}']::jsonb[]) p;
select is(pg_temp.refused('mia', null), 'ZG003', 'preferences are required');

create function pg_temp.next(p_from time, p_until time, p_zone text, p_at timestamptz) returns text language sql as $$
  select to_char(goalpost_private.after_quiet_time(jsonb_populate_record(null::goalpost.notification_targets, jsonb_build_object('quiet_from', p_from, 'quiet_until', p_until, 'time_zone', p_zone)), p_at) at time zone 'UTC', 'MM-DD HH24:MI') $$;
select is(array[pg_temp.next(null, null, 'UTC', '2030-01-01 12:00Z'), pg_temp.next('13:00', '14:00', 'UTC', '2030-01-01 12:59Z'), pg_temp.next('13:00', '14:00', 'UTC', '2030-01-01 14:00Z')],
          array['01-01 12:00', '01-01 12:59', '01-01 14:00'], 'outside of a quiet time messages are sent at once');
select is(array[pg_temp.next('13:00', '14:00', 'UTC', '2030-01-01 13:00Z'), pg_temp.next('22:00', '07:00', 'UTC', '2030-01-01 23:00Z'), pg_temp.next('22:00', '07:00', 'UTC', '2030-01-02 06:59Z')],
          array['01-01 14:00', '01-02 07:00', '01-02 07:00'], 'within it they wait for its end, over midnight too');
select is(array[pg_temp.next('22:00', '07:00', 'Asia/Tokyo', '2030-01-01 13:00Z'), pg_temp.next('22:00', '07:00', 'Asia/Tokyo', '2030-01-01 12:59Z')],
          array['01-01 22:00', '01-01 12:59'], 'in the local time of the zone');
select * from finish();
rollback;
