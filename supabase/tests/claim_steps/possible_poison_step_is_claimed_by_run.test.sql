-- Runs of one plan have the same keys: of two ready steps with one key, the suspect is the one that is claimed alone.
begin;
select plan(6);
select tests.world();

create function pg_temp.suspect_beside_plain(p_suspect text, p_plain text) returns text language plpgsql as $$
declare
  v_claimed jsonb;
begin
  perform tests.bare_step(tests.get(p_plain), 'a', p_more => jsonb_build_object('run_after', goalpost_private.clock()));
  perform tests.bare_step(tests.get(p_suspect), 'a', p_more => jsonb_build_object('attempt', 2, 'run_after', goalpost_private.clock() - interval '1 minute'));
  update goalpost.steps set error = '{"code": "lease_expired"}' where run_id = tests.get(p_suspect) and key = 'a';
  v_claimed := goalpost_worker.claim_steps(array['tool'], 10, 30, 'w');
  return case when jsonb_array_length(v_claimed) <> 1 then 'not alone' when v_claimed #>> '{0,run_id}' = tests.kept(p_suspect) then 'suspect' else 'plain' end;
end $$;
create function pg_temp.suspect_after_another() returns text language plpgsql as $$
declare
  v_claimed jsonb;
begin
  perform tests.bare_step(tests.get('two'), 'a', p_more => jsonb_build_object('attempt', 2, 'run_after', goalpost_private.clock() - interval '1 minute'));
  update goalpost.steps set error = '{"code": "lease_expired"}' where run_id = tests.get('two') and key = 'a';
  perform tests.bare_step(tests.get('three'), 'a', p_more => jsonb_build_object('run_after', goalpost_private.clock()));
  v_claimed := goalpost_worker.claim_steps(array['tool'], 10, 30, 'w');
  return case when jsonb_array_length(v_claimed) <> 1 then 'not alone' when v_claimed #>> '{0,run_id}' = tests.kept('two') then 'suspect' else 'another' end;
end $$;
select tests.set('one', tests.bare_run()), tests.set('two', tests.bare_run()), tests.set('three', tests.bare_run());
select is(pg_temp.suspect_beside_plain('two', 'one'), 'suspect', 'a younger run''s suspect is claimed before an older plain step of its key');
select is(tests.state(tests.get('one'), 'a'), 'ready', 'the plain step of the older run stays ready');
delete from goalpost.steps where run_id in (tests.get('one'), tests.get('two'));
select is(pg_temp.suspect_beside_plain('two', 'three'), 'suspect', 'an older run''s suspect is claimed before a younger plain step of its key');
select is(tests.state(tests.get('three'), 'a'), 'ready', 'the plain step of the younger run stays ready');

-- Beside others of its key that come first, whichever way rows are read: by kind in the index, or as they lie in the table.
delete from goalpost.steps where run_id in (tests.get('two'), tests.get('three'));
select tests.bare_step(tests.get('one'), 'a', 'ready', 'agent', jsonb_build_object('run_after', goalpost_private.clock() - interval '1 hour'));
select is(pg_temp.suspect_after_another(), 'suspect', 'the suspect is claimed before its key''s step of another kind');
select is(tests.state(tests.get('one'), 'a') || ' ' || tests.state(tests.get('three'), 'a'), 'ready ready', 'the plain steps of both runs stay ready');

select * from finish();
rollback;
