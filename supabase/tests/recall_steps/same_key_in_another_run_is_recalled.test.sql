-- Runs of one plan have the same keys: a worker that reports holding a step of one run may hold one of another without
-- knowing it.
begin;
select plan(3);
select tests.world();

select tests.set('one', tests.bare_run()), tests.set('two', tests.bare_run());
select tests.bare_step(tests.get(r), 'a') from unnest(array['one', 'two']) r;
select tests.set('claimed', (goalpost_worker.claim_steps(array['tool'], 5, 30, 'w'))::text);
select is(jsonb_array_length(tests.kept('claimed')::jsonb), 2, 'a worker claims a step of the same key in two runs');
select tests.set('again', goalpost_worker.claim_steps(array['tool'], 5, 30, 'w', null,
  jsonb_build_array(jsonb_build_object('run_id', tests.get('one'), 'step_key', 'a')))::text);
select is(jsonb_array_length(tests.kept('again')::jsonb), 1, 'a repeated claim that names one run''s step returns one step');
select is(tests.kept('again')::jsonb #>> '{0,run_id}', tests.kept('two'), 'the returned step is that of the other run');

select * from finish();
rollback;
