-- A due tick becomes a request of the schedule's person, once; while one runs it is skipped, queued, or replaces it.
begin;
select plan(33);
select tests.world(false);
create function pg_temp.schedule(p_more jsonb default '{}', p_person text default 'mia') returns void language sql as $$
  select tests.json_for(p_person, format('select goalpost.set_schedule(%L, %L)', tests.id_of('acme'),
    '{"name": "hourly", "question": "What is new?", "cron": "0 * * * *", "time_zone": "UTC", "context": {"a": 1}, "budget": {"max_tokens": 500}}'::jsonb || p_more)) $$;
create function pg_temp.sweep() returns text language sql as $$ select coalesce(goalpost_private.sweep() ->> 'schedules_asked', 'none') $$;
create function pg_temp.ticks() returns text language sql as $$
  select string_agg(t.outcome || coalesce(' ' || q.state, '') || coalesce(': ' || t.reason, ''), ', ' order by t.tick_at)
    from goalpost.schedule_ticks t left join goalpost.requests q on q.id = t.request_id $$;
create function pg_temp.answer() returns void language sql as $$
  select tests.do_complete((select max(run_id) from goalpost.steps where key = 'assess'), 'assess', '{"decision": "answer", "text": "nothing"}') $$;
select tests.advance_clock(date_trunc('hour', goalpost_private.clock()) + interval '1 hour 30 minutes' - goalpost_private.clock());

select pg_temp.schedule();
select is(pg_temp.sweep(), '0', 'nothing is due');
select tests.advance_clock('30 minutes');
select is(pg_temp.sweep(), '1', 'at the hour it is');
select is(pg_temp.ticks(), 'asked accepted', 'the tick is asked, and adopted by the same sweep');
select is((select format('%s %s %s %s', user_id = tests.id_of('mia'), question, context, budget) from goalpost.requests), 't What is new? {"a": 1} {"max_tokens": 500}', 'as the person, with all that the schedule names');
select is((select next_at - goalpost_private.clock() from goalpost.schedules), interval '1 hour', 'the next tick is an hour later');
select is(pg_temp.sweep(), '0', 'a second sweep asks nothing');
update goalpost.schedules set next_at = goalpost_private.clock();
select is(pg_temp.sweep() || ' ' || pg_temp.ticks(), '1 asked accepted', 'a tick that is found again is not asked again');
select tests.advance_clock('1 hour');
select pg_temp.sweep();
select matches(pg_temp.ticks(), '^asked accepted, skipped: request \d+ had not ended$', 'while a request goes on the next tick is skipped');
select pg_temp.answer();
select tests.advance_clock('1 hour');
select pg_temp.sweep();
select matches(pg_temp.ticks(), 'asked answered, skipped.*, asked accepted$', 'after its end the next one is asked');

-- Queue: the tick waits for the request before.
select pg_temp.schedule('{"overlap": "queue"}');
select tests.advance_clock('1 hour');
select is(pg_temp.sweep(), '0', 'a queued tick is not asked yet');
select is((select next_at <= goalpost_private.clock() from goalpost.schedules), true, 'and stays due');
select pg_temp.answer();
select is(pg_temp.sweep(), '1', 'until the request before has ended');
select matches(pg_temp.ticks(), 'asked answered, asked accepted$', 'then it is asked');

-- Replace: the request before is cancelled.
select pg_temp.schedule('{"overlap": "replace"}');
select tests.advance_clock('1 hour');
select pg_temp.sweep();
select matches(pg_temp.ticks(), 'asked cancelled, asked accepted$', 'a tick replaces the request before');
select is((select string_agg(distinct reason, ', ') from goalpost.requests where state = 'cancelled'), 'replaced by the next tick of its schedule', 'with the reason');
select is((select count(*) from goalpost.workflow_runs where state = 'running'), 1::bigint, 'one run goes on');

-- A standstill.
delete from goalpost.schedules;
select pg_temp.schedule('{"overlap": "replace"}');
select tests.advance_clock('5 hours');
select pg_temp.sweep();
select matches(pg_temp.ticks(), '^missed: this tick and those before .* were missed, asked accepted$', 'after a standstill the latest tick is asked, and the others are missed');
select is((select max(tick_at) from goalpost.schedule_ticks), (select next_at - interval '1 hour' from goalpost.schedules), 'it is the latest');
delete from goalpost.schedules;
select pg_temp.schedule('{"overlap": "replace", "catch_up": 3}');
select tests.advance_clock('5 hours');
select pg_temp.sweep();
select matches(pg_temp.ticks(), '^missed.*, asked cancelled, asked cancelled, asked accepted$', 'up to three if it is to catch up three');
delete from goalpost.schedules;
select pg_temp.schedule('{"overlap": "replace", "catch_up": 3}');
select tests.advance_clock('2 hours');
select pg_temp.sweep();
select matches(pg_temp.ticks(), '^asked cancelled, asked accepted$', 'and none is missed if all are asked');
update goalpost.schedules set next_at = (select min(tick_at) from goalpost.schedule_ticks);
select tests.advance_clock('3 hours');
select pg_temp.sweep();
select matches(pg_temp.ticks(), '^asked cancelled, asked cancelled, asked cancelled, asked cancelled, asked accepted$', 'what a tick led to is never written over');
delete from goalpost.schedules;
select pg_temp.schedule('{"cron": "* * * * *"}');
select tests.advance_clock('30 days');
select pg_temp.sweep();
select matches(pg_temp.ticks(), '^missed.*, (asked|skipped)', 'a month of minutes is one row');
select is((select next_at from goalpost.schedules), date_trunc('minute', goalpost_private.clock()) + interval '1 minute', 'and it goes on from now');
delete from goalpost.schedules;
select pg_temp.schedule('{"cron": "0 0 1 1 *"}');
select tests.advance_clock('370 days');
select pg_temp.sweep();
select matches(pg_temp.ticks(), '^(asked|skipped)', 'a tick of long ago is asked where none came since');

-- Several at once.
delete from goalpost.schedules;
select pg_temp.schedule(), pg_temp.schedule('{"name": "other", "question": "And else?"}'), pg_temp.schedule('{"name": "later", "cron": "0 0 1 1 *"}');
select tests.advance_clock(date_trunc('hour', goalpost_private.clock()) + interval '1 hour' - goalpost_private.clock());
select is(pg_temp.sweep(), '2', 'two that are due are asked by one sweep');
select is((select string_agg(s.name || ' ' || (s.next_at > goalpost_private.clock()), ', ' order by s.name) from goalpost.schedules s), 'hourly true, later true, other true', 'and go on');
select is((select string_agg(q.question, ', ' order by q.question) from goalpost.schedule_ticks t join goalpost.requests q on q.id = t.request_id), 'And else?, What is new?', 'each once');

-- What is refused.
delete from goalpost.schedules;
select pg_temp.schedule('{"overlap": "replace"}');
update goalpost.workspaces set max_open_requests = 1 where id = tests.id_of('acme');
insert into goalpost.requests (workspace_id, user_id, question, state) select tests.id_of('acme'), tests.id_of('petra'), 'other', 'accepted' where (select count(*) from goalpost.requests where workspace_id = tests.id_of('acme') and state in ('submitted', 'accepted')) = 0;
select tests.advance_clock('1 hour');
select pg_temp.sweep();
select matches(pg_temp.ticks(), '^refused: ', 'a request over the cap is refused, with the reason');
select is((select count(*) from goalpost.requests where state in ('submitted', 'accepted')) > 0, true, 'and the request before is not cancelled for nothing');
update goalpost.workspaces set max_open_requests = 1000;
update goalpost.members set role = 'viewer' where user_id = tests.id_of('mia');
select tests.advance_clock('1 hour');
select pg_temp.sweep();
select matches(pg_temp.ticks(), 'refused: the person who asks is no member who may ask any more$', 'and so is one of a person who may not ask any more');
select tests.json_for('adam', format('select goalpost.change_schedule(%L, ''hourly'', ''pause'')', tests.id_of('acme')));
select tests.advance_clock('1 hour');
select is(pg_temp.sweep(), '0', 'a paused schedule asks nothing');
select is(tests.value_for('vera', 'select count(*) from goalpost.schedule_ticks'), '2', 'members read what came of the ticks');
select is(tests.value_for('sam', 'select (select count(*) from goalpost.schedule_ticks) + (select count(*) from goalpost.schedules)'), '0', 'others do not');
select * from finish();
rollback;
