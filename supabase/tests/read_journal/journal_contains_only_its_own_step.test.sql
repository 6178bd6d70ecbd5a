-- Turns, calls and failures of another step, or of the same step key in another run, are not included.
begin;
select plan(3);
select tests.world();

create function pg_temp.past(p_run_id bigint, p_key text) returns void language sql as $$
  select tests.bare_turn(p_run_id, p_key, 5, 'answered', '{"purpose": "compact"}');
  select tests.bare_turn(p_run_id, p_key, 2, 'answered');
  select tests.bare_call(p_run_id, p_key, 1, 'done');
  insert into goalpost.step_attempts (run_id, step_key, attempt, workspace_id, outcome, started_at, ended_at, error)
  values (p_run_id, p_key, 7, tests.id_of('acme'), 'failed', now(), now(), '{"code": "of another"}') $$;
select tests.set('other', tests.planned('a', jsonb_build_object('a', tests.agent())));
select pg_temp.past(tests.get('other'), 'a');
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent(), 'b', tests.agent())));
select pg_temp.past(tests.get('run'), 'b');
select tests.start(tests.get('run'), 'a');
select is(goalpost_worker.read_journal(tests.get('run'), 'a', 1), '{"turns": [], "calls": [], "failures": []}', 'a step that has done nothing has an empty journal');
select tests.bare_turn(tests.get('run'), 'a', 1, 'answered', '{"answer": {"text": "kept"}}');
select is(goalpost_worker.read_journal(tests.get('run'), 'a', 1) #>> '{turns,0,answer,text}', 'kept', 'an answer is included despite another step''s later summary');
select is(jsonb_array_length(goalpost_worker.read_journal(tests.get('run'), 'a', 1) -> 'turns'), 1, 'the journal has only the step''s own turn');

select * from finish();
rollback;
