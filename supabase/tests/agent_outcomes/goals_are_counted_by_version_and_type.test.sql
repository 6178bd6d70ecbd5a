-- The goals in which a version of an agent worked, by goal type.
begin;
select plan(6);
select tests.world(false);
insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'clerk', 'r');
create function pg_temp.outcomes(p_person text default 'vera') returns text language sql as $$
  select tests.value_for(p_person, 'select string_agg(format(''%s %s %s: %s of %s'', agent, version, goal_type, successes, goals), '', '' order by agent, goal_type) from goalpost.agent_outcomes') $$;
select tests.set('run', tests.planned('a, b:a', jsonb_build_object('a', tests.agent('clerk'), 'b', tests.agent('clerk'))));
select is(pg_temp.outcomes(), null, 'a goal that goes on does not count');
select tests.do_complete(tests.get('run'), 'a', '{"text": "done"}'), tests.do_complete(tests.get('run'), 'b', '{"text": "done"}');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "r"}');
select is(pg_temp.outcomes(), 'clerk 1 general: 1 of 1', 'a goal counts once, with two steps of the agent');
select tests.json_for('mia', format('select goalpost.give_feedback(%s, ''bad'', ''slow'', ''a'')', (tests.goal_of(tests.get('run'))).id));
select is(pg_temp.outcomes(), 'clerk 1 general: 1 of 1', 'the rating of a step is not one of the goal');
select tests.json_for('mia', format('select goalpost.give_feedback(%s, ''bad'')', (tests.goal_of(tests.get('run'))).id));
select is(pg_temp.outcomes(), 'clerk 1 general: 0 of 1', 'a goal that was rated bad is no success');
select tests.set('failed', tests.planned('a', jsonb_build_object('a', tests.agent('clerk'))));
update goalpost.goals set goal_type = 'audit' where id = (tests.goal_of(tests.get('failed'))).id;
select tests.do_fail(tests.get('failed'), 'a');
select tests.do_complete(tests.get('failed'), 'judge', '{"decision": "fail", "report": "r", "reason": "failed"}');
select is(pg_temp.outcomes(), 'clerk 1 audit: 0 of 1, clerk 1 general: 0 of 1', 'each type is counted by itself');
select is(pg_temp.outcomes('sam'), null, 'people of another workspace see none');
select * from finish();
rollback;
