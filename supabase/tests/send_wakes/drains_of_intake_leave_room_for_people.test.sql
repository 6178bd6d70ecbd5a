-- People call intake directly. Wakes and the drains that run there never use more of it than its cap of wakes.
begin;
select plan(7);
select tests.world(p_bystanders => false);

insert into goalpost_private.endpoints (function, url, batch_size, max_wakes) values
  ('intake', 'http://f/intake', 1, 4), ('planner', 'http://f/planner', 1, 4);
select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 's' || n, 'ready', 'assess') from generate_series(1, 20) n;

create function pg_temp.woken(p_function text) returns integer
language sql as $$ select goalpost_private.send_wake(p_function, 20, goalpost_private.clock()) $$;
create function pg_temp.work(p_worker text, p_steps text) returns void
language sql as $$
  update goalpost.steps
     set state = 'running', leased_by = p_worker, started_at = goalpost_private.clock(),
         lease_expires_at = goalpost_private.clock() + interval '30 seconds'
   where run_id = tests.get('run') and key = any (string_to_array(p_steps, ' '))
$$;
select is(pg_temp.woken('intake'), 4, 'without running drains all wakes of the cap are sent');
update goalpost.wakes set acknowledged_at = goalpost_private.clock();
select pg_temp.work('intake/1', 's1 s2 s3');
select is(pg_temp.woken('intake'), 3, 'a drain with several steps counts once towards the cap');
update goalpost.wakes set acknowledged_at = goalpost_private.clock();
select pg_temp.work('intake/' || n, 's' || n + 2) from generate_series(2, 4) n;
select is(pg_temp.woken('intake'), 0, 'with as many drains as the cap no wake is sent');
select pg_temp.work('person/' || n, 's' || n + 10) from generate_series(1, 5) n;
update goalpost.steps set state = 'ready', leased_by = null, lease_expires_at = null where leased_by = 'intake/4';
select is(pg_temp.woken('intake'), 1, 'a worker that serves a person does not count');
select is(pg_temp.woken('intake'), 0, 'an open wake counts towards the cap');
select is(pg_temp.woken('planner'), 4, 'a function that serves no people is woken up to its cap');
delete from goalpost_private.endpoints;
delete from goalpost.wakes;
select is(goalpost_private.send_wake('intake', 100, goalpost_private.clock()), 5, 'without an endpoint the default cap of 8 minus drains applies');

select * from finish();
rollback;
