-- Rows of temporary use are kept for a day.
begin;
select plan(2);
select tests.world();

insert into goalpost.wakes (function, ready_count, sent_at) values
  ('executor', 1, goalpost_private.clock() - interval '25 hours'), ('planner', 1, goalpost_private.clock() - interval '23 hours');
insert into cron.job_run_details (jobid, runid, end_time) values
  (1, -1, goalpost_private.clock() - interval '25 hours'), (1, -2, goalpost_private.clock() - interval '23 hours');
select goalpost_worker.sweep();
select set_eq('select function from goalpost.wakes', array['planner'], 'a wake of less than a day ago is kept');
select set_eq('select runid from cron.job_run_details where runid < 0', array[-2::bigint], 'a job run of less than a day ago is kept');

select * from finish();
rollback;
