-- Steps that were claimed together and lost together come back together: on its last try each is claimed alone, so that
-- the one that they died of takes nobody with it.
begin;
select plan(9);
select tests.world();

create function pg_temp.claim(p_worker text) returns text language sql as $$
  select tests.keys(goalpost_worker.claim_steps(array['tool'], 10, 30, p_worker)) $$;
create function pg_temp.lose() returns void language sql as $$
  select tests.pass('31 seconds'); select goalpost_private.sweep(); $$;

select tests.keep('run', tests.planned('a, b, c:a'));
select is(pg_temp.claim('one'), 'a b', 'claimed together');
select pg_temp.lose();
select is(pg_temp.claim('two'), 'a b', 'and again, after they were lost once');
select pg_temp.lose();
select is(pg_temp.claim('three'), 'a', 'on its last try each is claimed alone');
select is(tests.keys(goalpost_worker.finish_steps('[]', array['tool'], 10, 30, 'three') -> 'claimed'), '',
          'and not to a worker that may hold another');
select is(pg_temp.claim('four'), 'b', 'the other by another');
select tests.keep('finished', tests.keys(goalpost_worker.finish_steps(
  jsonb_build_array(tests.outcome(tests.the('run'), 'a', 'completed', '{"result": {}}')), array['tool'], 10, 30, 'three') -> 'claimed'));
select is(tests.kept('finished'), 'c', 'what follows is claimed as usual');
select is(tests.state(tests.the('run'), 'b'), 'running', 'b goes on');
select pg_temp.lose();
select is(tests.state(tests.the('run'), 'b'), 'failed', 'b was what they died of');
select is((tests.step(tests.the('run'), 'a')).state, 'completed', 'a was not');

select * from finish();
rollback;
