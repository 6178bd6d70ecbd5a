-- The outcome of a run counts for each lesson that its steps received, and is taken back when the run is reopened.
begin;
select plan(14);
select tests.world(false);

insert into goalpost.agents (workspace_id, name, role, tools) values (tests.id_of('acme'), 'own', 'r', '{}');
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan)
values (tests.id_of('acme'), 'book', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a', jsonb_build_object('a', tests.agent('own')))));
insert into goalpost.memories (workspace_id, scope, kind, title, text, trust, created_at, expires_at)
select tests.id_of('acme'), 'workspace', k.kind, 't', k.name, 'trusted', now(), now() + interval '100 years'
  from (values ('lesson', 'used'), ('lesson', 'unused'), ('fact', 'a fact')) k (kind, name);
create function pg_temp.run() returns bigint language plpgsql as $$
declare
  v_run constant bigint := (tests.json_for('mia', format('select goalpost.accept_request(%L, ''go'', p_runbook => ''book'')', tests.id_of('acme'))) ->> 'run_id')::bigint;
begin
  perform tests.start(v_run, 'a');
  insert into goalpost.memory_uses (run_id, step_key, attempt, call_number, rank, workspace_id, memory_id, score, is_untrusted, sent_at)
  select v_run, 'a', 1, c.n, row_number() over (), m.workspace_id, m.id, 1, false, now() from goalpost.memories m, generate_series(0, 1) c (n) where m.text in ('used', 'a fact');
  return v_run;
end $$;
create function pg_temp.statistics() returns text language sql as $$
  select goalpost_worker.fold_statistics();
  select coalesce(string_agg(m.text || ' ' || s.successes || ' of ' || s.uses, ', '), '') from goalpost.memory_statistics s join goalpost.memories m on m.id = s.memory_id $$;

select tests.set('run', pg_temp.run());
select is(pg_temp.statistics(), '', 'a run that goes on has no outcome');
select tests.do_complete(tests.get('run'), 'a', '{"text": "done"}');
select is(pg_temp.statistics(), 'used 1 of 1', 'a completed run speaks for its lesson, once, and for no fact');
select tests.json_for('mia', format('select goalpost.give_feedback(%s, ''bad'')', (tests.goal_of(tests.get('run'))).id));
select is(pg_temp.statistics(), 'used 0 of 1', 'a bad rating makes it a failure');
select tests.json_for('mia', format('select goalpost.give_feedback(%s, ''bad'', ''slow'', ''a'')', (tests.goal_of(tests.get('run'))).id));
select is(pg_temp.statistics(), 'used 0 of 1', 'a rating of a step does not');
select tests.do_fail(pg_temp.run(), 'a');
select is(pg_temp.statistics(), 'used 0 of 2', 'a failed run speaks against it');
select tests.set('cancelled', pg_temp.run());
select tests.json_for('mia', format('select goalpost.cancel_goal(%s)', (tests.goal_of(tests.get('cancelled'))).id));
select is(pg_temp.statistics(), 'used 0 of 2', 'a cancelled run is no evidence');
select tests.json_for('mia', format('select goalpost.retry_dead_letter(%s)', (select max(id) from goalpost.dead_letters)));
select is(pg_temp.statistics(), 'used 0 of 1', 'a reopened run is counted again at its end');
select tests.do_complete((select run_id from goalpost.dead_letters order by id desc limit 1), 'a', '{"text": "done"}');
select is(pg_temp.statistics(), 'used 1 of 2', 'with its new outcome');

-- An assessment's lessons have the outcome of its goal, whether or not an agent works in it.
create function pg_temp.received(p_run bigint, p_step text) returns void language sql as $$
  insert into goalpost.memory_uses (run_id, step_key, attempt, call_number, rank, workspace_id, memory_id, score, is_untrusted, sent_at)
  select p_run, p_step, 1, 0, 1, m.workspace_id, m.id, 1, false, now() from goalpost.memories m where m.text = 'unused' $$;
create function pg_temp.unused() returns text language sql as $$
  select coalesce((select regexp_replace(t, '.*unused ', '') from (select pg_temp.statistics() as t) x where t ~ 'unused'), 'none') $$;
select tests.set('asked', (tests.json_for('mia', format('select goalpost.accept_request(%L, ''How many?'')', tests.id_of('acme'))) ->> 'run_id')::bigint);
select tests.start(tests.get('asked'), 'assess');
select pg_temp.received(tests.get('asked'), 'assess');
select tests.do_complete(tests.get('asked'), 'assess', '{"decision": "goal", "goal": {"title": "T", "description": "d"}, "score": 1, "reasons": []}');
select is(pg_temp.unused(), 'none', 'an assessment that opened a goal has no outcome of its own');
select tests.set('goal_run', (select max(id) from goalpost.workflow_runs));
select tests.do_complete(tests.get('goal_run'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('b')), 'model', 'm'));
select tests.do_complete(tests.get('goal_run'), 'b', '{"text": "done"}');
select tests.do_complete(tests.get('goal_run'), 'judge', '{"decision": "complete", "report": "r", "result": {}, "verdicts": []}');
select is(pg_temp.unused(), '1 of 1', 'its lesson is credited with the goal, once');
select tests.json_for('mia', format('select goalpost.give_feedback(%s, ''bad'')', (tests.goal_of(tests.get('goal_run'))).id));
select is(pg_temp.unused(), '0 of 1', 'and with the rating of the goal');
select tests.set('answered', (tests.json_for('mia', format('select goalpost.accept_request(%L, ''What is it?'')', tests.id_of('acme'))) ->> 'run_id')::bigint);
select tests.start(tests.get('answered'), 'assess');
select pg_temp.received(tests.get('answered'), 'assess');
select tests.do_complete(tests.get('answered'), 'assess', '{"decision": "answer", "text": "it", "score": 0, "reasons": []}');
select is(pg_temp.unused(), '1 of 2', 'an answer at once is an outcome');
select tests.set('under', (tests.json_for('mia', format('select goalpost.accept_request(%L, ''Go on'')', tests.id_of('acme'))) ->> 'run_id')::bigint);
select tests.start(tests.get('under'), 'assess');
select pg_temp.received(tests.get('under'), 'assess');
select tests.json_for('mia', format('select goalpost.cancel_request(%s)', (tests.request_of(tests.get('under'))).id));
select is(pg_temp.unused(), '1 of 2', 'a cancelled request is none');
-- A lesson of the request does not count for a goal below the root.
select is((select count(*) from goalpost.workflow_runs r, goalpost_private.lessons_of_run(jsonb_populate_record(r, '{"parent_goal_id": 1}')) l where r.id = tests.get('goal_run')), 0::bigint,
          'a sub-goal has the lessons of its own steps alone');

select * from finish();
rollback;
