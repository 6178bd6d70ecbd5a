-- The engine leaves no rows like these. If any ever existed, a retry would not change them.
begin;
select plan(6);
select tests.world();

create function pg_temp.letter(p_run_state text, p_step_state text) returns bigint language plpgsql as $$
declare
  v_run_id bigint := tests.bare_run();
  v_letter_id bigint;
begin
  perform tests.bare_step(v_run_id, 'a', p_step_state);
  update goalpost.workflow_runs set state = p_run_state, ended_at = now() where id = v_run_id;
  update goalpost.requests set state = 'cancelled', ended_at = now() where id = (tests.request_of(v_run_id)).id;
  insert into goalpost.dead_letters (workspace_id, run_id, step_key, attempt, error, created_at)
  values (tests.id_of('acme'), v_run_id, 'a', 1, '{}', now()) returning id into v_letter_id;
  perform tests.set('run', v_run_id);
  return v_letter_id;
end
$$;

select tests.set('letter', pg_temp.letter('failed', 'completed'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG004', 'the letter of a completed step is refused');
select is(tests.run_state(tests.get('run')), 'failed', 'the run of the refused letter stays failed');
select tests.set('letter', pg_temp.letter('completed', 'failed'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG004', 'the letter of a completed run is refused');
select is(tests.state(tests.get('run'), 'a'), 'failed', 'the step of the refused letter stays failed');
select tests.set('letter', pg_temp.letter('failed', 'failed'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'none', 'the letter of a failed step and run is accepted');
select is((tests.request_of(tests.get('run'))).state, 'cancelled', 'a cancelled request stays cancelled after the retry');

select * from finish();
rollback;
