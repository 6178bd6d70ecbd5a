-- Rows of temporary use are deleted after their time, at most a thousand rows of a kind in one sweep.
begin;
select plan(8);
select tests.world();

select tests.set('over', tests.memory('over', p_more => '{"expires_at": "2030-01-01 11:59:59+00"}'));
select tests.set('now', tests.memory('now', p_more => '{"expires_at": "2030-01-01 12:00:00+00"}'));
select tests.set('later', tests.memory('later', p_more => '{"expires_at": "2030-01-01 12:00:01+00"}'));
insert into goalpost.wakes (function, ready_count, sent_at, acknowledged_at) values ('intake', 1, goalpost_private.clock() - interval '1 day', now());
insert into cron.job_run_details (jobid, runid, end_time) values (1, -1, goalpost_private.clock() - interval '1 day');
select goalpost_private.purge(goalpost_private.clock());
select is((select string_agg(m.text, ' ' order by m.text) from goalpost.memories m), 'later now', 'only an expired memory is deleted');
select is((select count(*) from goalpost.wakes where function = 'intake'), 1::bigint, 'a wake of exactly a day ago stays');
select is((select count(*) from cron.job_run_details where runid = -1), 1::bigint, 'a job run of exactly a day ago stays');

select tests.memory('old ' || n, p_more => '{"expires_at": "2029-01-01"}') from generate_series(1, 1001) n;
insert into goalpost.wakes (function, ready_count, sent_at) select 'planner', 1, '2029-01-01' from generate_series(1, 1001) n;
insert into cron.job_run_details (jobid, runid, end_time) select 1, -100 - n, '2029-01-01' from generate_series(1, 1001) n;
select goalpost_private.purge(goalpost_private.clock());
select is((select count(*) from goalpost.memories where text like 'old %'), 1::bigint, 'of 1001 old memories a thousand are deleted at once');
select is((select count(*) from goalpost.wakes where function = 'planner'), 1::bigint, 'of 1001 old wakes a thousand are deleted at once');
select is((select count(*) from cron.job_run_details where runid < -100), 1::bigint, 'of 1001 old job runs a thousand are deleted at once');
select goalpost_private.purge(goalpost_private.clock());
select is((select count(*) from goalpost.memories where text like 'old %') + (select count(*) from goalpost.wakes where function = 'planner')
          + (select count(*) from cron.job_run_details where runid < -100), 0::bigint, 'the next sweep deletes the rest');
select is((select count(*) from goalpost.memories), 2::bigint, 'memories that have not expired stay');

select * from finish();
rollback;
