-- A member writes schedules of their own; an admin may replace those of others; what cannot work is refused.
begin;
select plan(31);
select tests.world();
update goalpost.workspaces set time_zone = 'Europe/Berlin' where id = tests.id_of('acme');
create function pg_temp.schedule(p_more jsonb default '{}') returns jsonb language sql as $$
  select '{"name": "monday", "question": "What is new?", "cron": "0 9 * * mon"}'::jsonb || p_more $$;
create function pg_temp.reason(p_person text, p_schedule jsonb) returns text language plpgsql as $$
begin
  perform tests.json_for(p_person, format('select goalpost.set_schedule(%L, %L)', tests.id_of('acme'), p_schedule));
  return 'none';
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
select tests.json_for('sam', format('select goalpost.set_schedule(%L, ''{"name": "monday", "question": "q", "cron": "0 9 * * 1"}'')', tests.id_of('elsewhere')));
select is(pg_temp.reason('mia', pg_temp.schedule()), 'none', 'a member writes a schedule, whatever others call theirs');
select is((select format('%s %s %s %s %s %s', user_id = tests.id_of('mia'), time_zone, overlap, catch_up, state, next_at = goalpost_private.next_tick(cron, 'Europe/Berlin', goalpost_private.clock()))
             from goalpost.schedules where workspace_id = tests.id_of('acme')), 't Europe/Berlin skip 1 active t', 'with the workspace''s zone, the defaults and the next tick');
select is(pg_temp.reason('mia', pg_temp.schedule('{"cron": "0 10 * * *", "time_zone": "UTC", "overlap": "queue", "catch_up": 3, "context": {"a": 1}, "budget": {"max_tokens": 5}}')), 'none', 'the same name replaces it');
select is((select format('%s %s %s %s %s %s %s', count(*) over (), cron, time_zone, overlap, catch_up, context, budget) from goalpost.schedules where workspace_id = tests.id_of('acme')),
          '1 0 10 * * * UTC queue 3 {"a": 1} {"max_tokens": 5}', 'with all its parts');
select matches(pg_temp.reason('petra', pg_temp.schedule()), '^ZG002', 'another member may not replace it');
select is(pg_temp.reason('adam', pg_temp.schedule()), 'none', 'an admin may');
select is((select user_id from goalpost.schedules where workspace_id = tests.id_of('acme')), tests.id_of('adam'), 'who then is the person who asks');
select matches(pg_temp.reason('vera', pg_temp.schedule()), '^ZG002', 'a viewer may not');
select matches(pg_temp.reason('sam', pg_temp.schedule()), '^ZG001', 'a stranger may not');
select matches(pg_temp.reason('mia', pg_temp.schedule(p.more) || '{"name": "other"}'), '^ZG003 .*' || p.expected, p.more::text || ' is refused')
  from (values ('{"question": ""}'::jsonb, 'question'), ('{"question": 3}', 'question'), ('{"cron": "0 9 * * moo"}', '0 9 \* \* moo is no cron expression'),
               ('{"cron": "0 0 31 2 *"}', 'never comes'), ('{"time_zone": "Mars/Base"}', 'there is no time zone Mars/Base'), ('{"overlap": "both"}', 'overlap'), ('{"catch_up": 0}', 'catch_up'),
               ('{"catch_up": 101}', 'catch_up'), ('{"context": []}', 'context'), ('{"budget": {"max": 1}}', 'budget'), ('{"runbook": "none"}', 'no runbook called none'), ('{"colour": "red"}', 'colour')) p (more, expected);
select matches(pg_temp.reason('mia', pg_temp.schedule('{"question": "  \n "}')), '^ZG003 the question is empty', 'white space is no question');
select matches(pg_temp.reason('mia', pg_temp.schedule('{"cron": "٣ 9 * * *"}')), '^ZG003 .*is no cron expression', 'digits of other scripts are refused');
select matches(pg_temp.reason('mia', pg_temp.schedule(jsonb_build_object('context', jsonb_build_object('a', repeat('x', 70000))))), '^ZG007 context', 'a context that no request may have is refused');
select matches(pg_temp.reason('mia', pg_temp.schedule(jsonb_build_object('parameters', jsonb_build_object('a', repeat('x', 70000))))), '^ZG007 parameters', 'and so are such parameters');
select matches(pg_temp.reason('mia', null), '^ZG003 the schedule', 'a schedule is required');
select matches(pg_temp.reason('mia', pg_temp.schedule(jsonb_build_object('context', jsonb_build_object('a', repeat('x', 300000))))), '^ZG007', 'one that is too large is refused');
insert into goalpost.schedules (workspace_id, name, user_id, question, cron, time_zone, next_at) select tests.id_of(w), 'n' || n, tests.id_of('mia'), 'q', '* * * * *', 'UTC', now() from generate_series(1, 98) n, unnest(array['acme', 'elsewhere']) w;
select is(pg_temp.reason('mia', pg_temp.schedule('{"name": "last"}')), 'none', 'the hundredth is written');
select is(pg_temp.reason('mia', pg_temp.schedule('{"name": "last"}')), 'none', 'it is replaced');
select matches(pg_temp.reason('mia', pg_temp.schedule('{"name": "more"}')), '^ZG006', 'one more is refused');
select is((select count(*) from goalpost.schedules where workspace_id = tests.id_of('acme')), 100::bigint, 'nothing refused was written');
select * from finish();
rollback;
