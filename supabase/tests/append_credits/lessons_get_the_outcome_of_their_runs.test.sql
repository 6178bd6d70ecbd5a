-- The outcome of a run counts for each lesson that its steps received, and is taken back when the run is reopened.
begin;
select plan(8);
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

select * from finish();
rollback;
