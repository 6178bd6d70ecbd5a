-- A worker that holds steps gets no step that may have ended its worker; a step whose failure was reported it may get.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), k) from unnest(array['a', 'b']) k;
select goalpost_worker.claim_steps(array['tool'], 2, 30, 'one');
select tests.bare_step(tests.get('run'), 'failed', p_more => '{"attempt": 2}');
select tests.bare_step(tests.get('run'), 'lost', p_more => '{"attempt": 2}');
update goalpost.steps set error = case key when 'lost' then '{"code": "lease_expired"}' else '{"code": "busy"}' end::jsonb
 where run_id = tests.get('run') and key in ('failed', 'lost');
select is(tests.keys(goalpost_worker.finish_steps(
            jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')), array['tool'], 10, 30, 'one') -> 'claimed'),
          'failed', 'a worker with a step gets one whose failure was reported');
select is(tests.state(tests.get('run'), 'lost'), 'ready', 'a step whose lease expired is left for an idle worker');
select is(tests.keys(goalpost_worker.finish_steps('[]', array['tool'], 10, 30, 'two') -> 'claimed'), 'lost',
          'an idle worker gets the step whose lease expired');

select * from finish();
rollback;
