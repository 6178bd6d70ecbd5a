-- A sweep settles turns of one workspace and month, at most a hundred; any number of turns that need no settling does
-- not hide them.
begin;
select plan(12);
select tests.world();

select tests.price();
create function pg_temp.turns(p_step_state text, p_state text, p_asked_at text, p_count integer) returns bigint language plpgsql as $$
declare
  v_run_id bigint := tests.bare_run();
begin
  perform tests.bare_step(v_run_id, 'a', p_step_state, 'agent');
  perform tests.bare_turn(v_run_id, 'a', n, p_state, jsonb_build_object('asked_at', p_asked_at)) from generate_series(1, p_count) n;
  return v_run_id;
end
$$;
create function pg_temp.settled() returns integer language sql as $$ select goalpost_private.settle_abandoned_turns(goalpost_private.clock()) $$;

select is(pg_temp.settled(), 0, 'nothing is settled where nothing is abandoned');
select tests.set('answered', pg_temp.turns('completed', 'answered', '2029-10-01', 300));
select tests.set('open', pg_temp.turns('running', 'asked', '2029-11-01', 300));
select tests.set('lone', pg_temp.turns('failed', 'asked', '2029-12-31', 1));
select is(pg_temp.settled(), 1, 'one abandoned turn is found among answered and open ones');
select is((select string_agg(distinct t.state, ' ') from goalpost.step_turns t where t.run_id = tests.get('open')), 'asked', 'turns of a running step stay open');
select is((select string_agg(distinct t.state, ' ') from goalpost.step_turns t where t.run_id = tests.get('answered')), 'answered', 'turns that were answered stay answered');

select tests.set('december', pg_temp.turns('failed', 'asked', '2029-12-31 23:59:59+00', 1));
select tests.set('january', pg_temp.turns('failed', 'asked', '2030-01-01 00:00:00+00', 1));
select is(pg_temp.settled(), 1, 'one sweep settles the turns of one month');
select is(pg_temp.settled(), 1, 'the next sweep settles the other month''s turns');
-- Another step of the run has ended, or another workspace is in the same month.
select tests.bare_step(tests.get('open'), 'b', 'completed', 'agent');
select is(pg_temp.settled(), 0, 'a running step''s turns stay open beside an ended step');
select tests.set('here', pg_temp.turns('failed', 'asked', '2030-01-01', 1));
select tests.set('elsewhere', tests.bare_run('elsewhere', 'sam'));
select tests.bare_step(tests.get('elsewhere'), 'a', 'failed', 'agent');
select tests.bare_turn(tests.get('elsewhere'), 'a', 1, 'asked', '{"asked_at": "2030-01-01"}');
select is(pg_temp.settled(), 1, 'one sweep settles the turns of one workspace');
select is(pg_temp.settled(), 1, 'the next sweep settles the other workspace''s turns');
select tests.set('many', pg_temp.turns('cancelled', 'asked', '2030-01-01', 101));
select is(pg_temp.settled(), 100, 'of 101 turns a hundred are settled');
select is(pg_temp.settled(), 1, 'the last turn is settled by the next sweep');
select is((select string_agg(distinct t.state, ' ') from goalpost.step_turns t where t.run_id = tests.get('many')), 'unknown', 'settled turns have an unknown outcome');

select * from finish();
rollback;
