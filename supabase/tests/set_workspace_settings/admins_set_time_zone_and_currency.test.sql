-- The time zone and the currency of a workspace are set by its admins, one at a time; invalid values are refused.
begin;
select * from no_plan();
select tests.world();

create function pg_temp.set(p_settings text, p_person text default 'adam') returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.set_workspace_settings(%L, %L::jsonb)', tests.id_of('acme'), p_settings)) $$;
create function pg_temp.settings() returns text language sql as $$
  select time_zone || ' ' || coalesce(currency, 'none') from goalpost.workspaces where id = tests.id_of('acme') $$;

select is(pg_temp.settings(), 'UTC none', 'a workspace begins in UTC, without a currency');
select is(pg_temp.set('{"time_zone": "Europe/Vienna", "currency": "EUR"}'), 'none', 'an admin sets time zone and currency');
select is(pg_temp.settings(), 'Europe/Vienna EUR', 'both settings are stored as set');
select is(pg_temp.set('{"time_zone": "Asia/Tokyo"}', 'olga'), 'none', 'the owner sets one of them');
select is(pg_temp.settings(), 'Asia/Tokyo EUR', 'a setting that is not named stays');
select is(pg_temp.set('{"currency": null}'), 'none', 'a currency of null is accepted');
select is(pg_temp.settings(), 'Asia/Tokyo none', 'the time zone stays when the currency is removed');
select is(pg_temp.set('{"common_values": false}'), 'none', 'an admin switches common values off');
select is((select common_values from goalpost.workspaces where id = tests.id_of('acme')), false, 'common values are off for this workspace');
select is((select common_values from goalpost.workspaces where id = tests.id_of('elsewhere')), true, 'common values stay on for another workspace');
select is(pg_temp.set('{"currency": "EUR"}', 'mia'), 'ZG002', 'a member may not change settings');
select is(pg_temp.set('{"currency": "EUR"}', 'petra'), 'ZG002', 'an approver may not change settings');
select is(pg_temp.set(v), 'ZG003', format('%s is refused', v))
  from unnest(array['{"time_zone": "Europe/Nowhere"}', '{"time_zone": null}', '{"time_zone": "UTC+5"}', '{"currency": "eur"}', '{"currency": "EURO"}', '{"zone": "UTC"}', 'null']) v;
select is(pg_temp.settings(), 'Asia/Tokyo none', 'refused settings do not change anything');
select throws_ok($$ update goalpost.workspaces set time_zone = 'Europe/Nowhere' $$, '22023', null, 'a row cannot have an unknown time zone');

create function pg_temp.reason(p_settings text) returns text language plpgsql as $$
begin
  perform tests.value_for('adam', format('select goalpost.set_workspace_settings(%L, %L::jsonb)', tests.id_of('acme'), p_settings));
  return 'none';
exception
  when others then
    return sqlerrm;
end $$;
select matches(pg_temp.reason(s), '^the settings', format('the first problem of %s is named', s))
  from unnest(array['{"time_zone": "Europe/Nowhere", "zone": 1}', '{"currency": "eur", "zone": 1}', '{"name": "", "zone": 1}']) s;
select matches(pg_temp.reason('{"time_zone": "Europe/Nowhere", "currency": "eur", "name": ""}'), '^a time zone is', 'the time zone is checked first');
select matches(pg_temp.reason('{"currency": "eur", "name": ""}'), '^a currency is', 'then the currency');
select matches(pg_temp.reason('{"name": " "}'), '^a workspace has a name', 'then the name');

select * from finish();
rollback;
