-- Rows of temporary use are kept for a day, ended messages to people for thirty days.
begin;
select plan(3);
select tests.world();

insert into goalpost.wakes (function, ready_count, sent_at) values
  ('executor', 1, goalpost_private.clock() - interval '25 hours'), ('planner', 1, goalpost_private.clock() - interval '23 hours');
insert into cron.job_run_details (jobid, runid, end_time) values
  (1, -1, goalpost_private.clock() - interval '25 hours'), (1, -2, goalpost_private.clock() - interval '23 hours');
insert into goalpost.notification_targets (workspace_id, user_id, name, kind, shown_address, occasions, created_by, created_at)
values (tests.id_of('acme'), tests.id_of('mia'), 'mail', 'email', 'a@tests.example', '{}', tests.id_of('mia'), now());
insert into goalpost.notifications (workspace_id, target_id, occasion, key, state, created_at, ended_at, next_try_at)
select t.workspace_id, t.id, 'test', n.key, case when n.days is null then 'waiting' else 'sent' end, goalpost_private.clock() - interval '40 days',
       goalpost_private.clock() - n.days * interval '1 day', case when n.days is null then 'infinity'::timestamptz end
  from goalpost.notification_targets t, (values ('old', 31), ('recent', 29), ('waiting', null)) n (key, days) where t.name = 'mail';
select goalpost_worker.sweep();
select set_eq('select function from goalpost.wakes', array['planner'], 'a wake of less than a day ago is kept');
select set_eq('select runid from cron.job_run_details where runid < 0', array[-2::bigint], 'a job run of less than a day ago is kept');

select set_eq($$ select key from goalpost.notifications where key in ('old', 'recent', 'waiting') $$, array['recent', 'waiting'], 'an ended message of less than thirty days ago is kept, and so is one that waits');

select * from finish();
rollback;
