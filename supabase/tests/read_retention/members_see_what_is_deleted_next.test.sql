-- Members see how long their workspace keeps work, and what is deleted next.
begin;
select plan(9);
select tests.world(false);
select tests.set('run', tests.planned('a'));
select tests.do_complete(tests.get('run'), 'a'), tests.do_complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "r"}');
select tests.planned('a');
select tests.advance_clock('100 days');
create function pg_temp.due(p_person text, p_days text default 'null') returns jsonb language sql as $$
  select tests.json_for(p_person, format('select goalpost.read_retention(%L, %s)', tests.id_of('acme'), p_days)) $$;
create function pg_temp.refused(p_person text, p_days text default 'null') returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.read_retention(%L, %s)', tests.id_of('acme'), p_days)) $$;

select is(pg_temp.due('mia') - 'cutoff', '{"retention_days": 365, "requests": 0, "goals": 0, "oldest_at": null}', 'nothing ended before the cutoff');
select is((pg_temp.due('mia') ->> 'cutoff')::timestamptz, goalpost_private.clock() - interval '365 days', 'the cutoff follows from the days');
select is(pg_temp.due('mia', '99') - 'cutoff' - 'oldest_at', '{"retention_days": 99, "requests": 1, "goals": 1}', 'other days show what they would delete');
select is(pg_temp.due('mia', '100') -> 'requests', '0', 'a request that ended at the cutoff stays');
select is(pg_temp.refused('mia', '0'), 'ZG003', 'less than a day is refused');
select is(pg_temp.refused('mia', '3651'), 'ZG003', 'more than ten years are refused');
select is(pg_temp.refused('vera'), 'ZG002', 'a viewer is refused');
select is(pg_temp.refused('sam'), 'ZG001', 'a stranger is refused');
select tests.value_for('adam', format($$ select goalpost.set_workspace_settings(%L, '{"retention_days": 30}') $$, tests.id_of('acme')));
select is(pg_temp.due('mia') -> 'retention_days', '30', 'an admin sets the days');
select * from finish();
rollback;
