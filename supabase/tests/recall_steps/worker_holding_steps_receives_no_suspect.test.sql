-- A suspected poison step is claimed alone. A worker that gets back the steps it already holds is not alone with it, and
-- gets none.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'a');
select goalpost_worker.claim_steps(array['tool'], 1, 30, 'one');
select tests.bare_step(tests.get('run'), 'b', p_more => '{"attempt": 3}');
update goalpost.steps set error = '{"code": "lease_expired"}' where run_id = tests.get('run') and key = 'b';
select tests.bare_step(tests.get('run'), 'c');
select is(tests.keys(goalpost_worker.claim_steps(array['tool'], 5, 30, 'one', null, '[]')), 'a c',
          'a repeated claim returns held steps and normal work, no suspect');
select is(tests.state(tests.get('run'), 'b'), 'ready', 'the suspect waits for a worker that holds nothing');
select is(tests.keys(goalpost_worker.claim_steps(array['tool'], 5, 30, 'one', null, jsonb_build_array(
            jsonb_build_object('run_id', tests.get('run'), 'step_key', 'a'), jsonb_build_object('run_id', tests.get('run'), 'step_key', 'c')))), 'b',
          'a worker that names all it holds gets the suspect');
select is(tests.state(tests.get('run'), 'b'), 'running', 'the suspect is claimed in the end');

select * from finish();
rollback;
