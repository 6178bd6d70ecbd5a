-- A claim that leaves steps that have to be claimed alone wakes workers for them, one each within max_wakes.
begin;
select plan(6);
select tests.world();

select goalpost_private.set_endpoint('executor', 'http://127.0.0.1:9/', 10, 4);
select tests.set('run', tests.planned('a, b, c, d, e, f'));
select tests.claim('tool');
select tests.advance_clock('31 seconds');
select is(goalpost_private.sweep() ->> 'wakes_sent', '3', 'after one wake per batch the sweep sends more, up to four');
select is(tests.wake_count('executor'), 1 + 4::bigint, 'six lost steps have the four wakes that max_wakes allows');

create function pg_temp.claim() returns text language sql as $$
  select tests.keys(goalpost_worker.claim_steps(array['tool'], 10, 30, 'w' || w.id, w.id))
    from (select min(id) as id from goalpost.wakes where acknowledged_at is null and sent_at = goalpost_private.clock()) w $$;
select pg_temp.claim();
select is(tests.wake_count('executor'), 6::bigint, 'the claim of one of six replaces its wake');
select pg_temp.claim();
select is(tests.wake_count('executor'), 7::bigint, 'the claim of the second replaces its wake');
select pg_temp.claim();
select is(tests.wake_count('executor'), 7::bigint, 'the claim of the third sends no wake beyond three');
select is((select string_agg(s.key, ' ' order by s.key) from goalpost.steps s where s.run_id = tests.get('run') and s.state = 'running'),
          'a b c', 'each worker has one of the lost steps');

select * from finish();
rollback;
