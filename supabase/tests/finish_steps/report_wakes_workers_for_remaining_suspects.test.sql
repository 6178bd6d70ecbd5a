-- A worker that reports and gets one of several suspected poison steps leaves the others, and workers are woken for
-- them.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), k, p_more => '{"attempt": 2}') from unnest(array['a', 'b', 'c']) k;
update goalpost.steps set error = '{"code": "lease_expired"}' where run_id = tests.get('run');
create function pg_temp.claim_by_report(p_worker text) returns text language sql as $$
  select tests.keys(goalpost_worker.finish_steps('[]', array['tool'], 10, 30, p_worker) -> 'claimed') $$;
select is(pg_temp.claim_by_report('one'), 'a', 'the first of three suspected steps is claimed alone');
select is(tests.wake_count('executor'), 2::bigint, 'two workers are woken for the two remaining suspects');
update goalpost.wakes set acknowledged_at = goalpost_private.clock();
select pg_temp.claim_by_report('two'), pg_temp.claim_by_report('three');
select is(tests.wake_count('executor'), 3::bigint, 'the second report wakes one more worker');
select is(tests.states(tests.get('run')), 'a=running b=running c=running', 'the last suspect is claimed without a further wake');

select * from finish();
rollback;
