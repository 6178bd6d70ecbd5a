-- Steps that were claimed together and lost together come back together: from then on each is claimed alone, so that a
-- step that ends its workers takes no other with it.
begin;
select plan(12);
select tests.world();

create function pg_temp.claim(p_worker text) returns text language sql as $$
  select tests.keys(goalpost_worker.claim_steps(array['tool'], 10, 30, p_worker)) $$;
create function pg_temp.finish(p_worker text, p_outcomes jsonb) returns text language sql as $$
  select tests.keys(goalpost_worker.finish_steps(p_outcomes, array['tool'], 10, 30, p_worker) -> 'claimed') $$;
create function pg_temp.done(p_key text) returns jsonb language sql as $$
  select jsonb_build_array(tests.outcome(tests.get('run'), p_key, 'completed', '{"result": {}}')) $$;
create function pg_temp.lose() returns void language sql as $$
  select tests.advance_clock('31 seconds'); select goalpost_private.sweep(); $$;

select tests.set('run', tests.planned('a, b, c, d, e:a'));
select is(pg_temp.claim('one'), 'a b c d', 'steps whose lease was never lost are claimed together');
select pg_temp.lose();
select is(pg_temp.claim('two'), 'a', 'a step whose last lease was lost is claimed alone at its next claim');
select is(pg_temp.finish('two', '[]'), '', 'a worker that holds a step gets no step to be claimed alone');
select is(pg_temp.claim('three'), 'b', 'the next such step is claimed by another worker');
select is(pg_temp.finish('two', pg_temp.done('a')), 'e', 'a begun run goes on before a lost step');
select tests.advance_clock('1 second');
select tests.set('younger', tests.bare_run());
select tests.bare_step(tests.get('younger'), k, 'ready', p_more => jsonb_build_object('run_after', goalpost_private.clock())) from unnest(array['y', 'z']) k;
select is(pg_temp.finish('two', pg_temp.done('e')), 'c', 'a worker without steps gets the next lost step, alone and first');
select is(pg_temp.finish('two', pg_temp.done('c')), 'd', 'a worker that has ended a lost step gets the next');
select is(pg_temp.finish('two', pg_temp.done('d')), 'y z', 'other work follows when no lost step is left');
select tests.do_complete(tests.get('younger'), k, '{}') from unnest(array['y', 'z']) k;
select pg_temp.lose();
select is(pg_temp.claim('four'), 'b', 'a step that is lost again is claimed alone again');
select pg_temp.lose();
select is(tests.state(tests.get('run'), 'b'), 'failed', 'a step that is lost on its last try fails');
select is((select string_agg(s.key, ' ' order by s.key) from goalpost.steps s where s.run_id = tests.get('run') and s.state = 'completed'),
          'a c d e plan', 'the steps that were lost with it are completed');

select tests.set('failed', tests.planned('a, b'));
select pg_temp.claim('five');
select tests.fail(tests.get('failed'), 'a', '{"code": "busy", "message": "m", "retryable": true, "retry_after_seconds": 0}');
select tests.fail(tests.get('failed'), 'b', '{"code": "busy", "message": "m", "retryable": true, "retry_after_seconds": 0}');
select is(pg_temp.claim('six'), 'a b', 'steps whose worker reported a failure are claimed together again');

select * from finish();
rollback;
