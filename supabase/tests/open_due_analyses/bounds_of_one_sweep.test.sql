-- A workspace is analysed once however many owners it has, at the very end of its interval, and twenty at a time.
begin;
select plan(5);
select tests.world(false);

create function pg_temp.analyses() returns bigint language sql as $$
  select goalpost_private.sweep();
  select count(*) from goalpost.steps where kind = 'analyze' $$;
update goalpost.members set role = 'owner' where workspace_id = tests.id_of('acme') and user_id = tests.id_of('adam');
insert into goalpost_private.analysis_schedule values (tests.id_of('acme'), goalpost_private.clock(), goalpost_private.clock());
select tests.advance_clock('2 hours');
select is(pg_temp.analyses(), 0::bigint, 'an end at the time of the last analysis was part of it');
update goalpost_private.analysis_schedule set changed_at = analysed_at + interval '1 second';
update goalpost_private.analysis_schedule set analysed_at = goalpost_private.clock() - interval '1 hour', changed_at = goalpost_private.clock() - interval '1 minute';
select is(pg_temp.analyses(), 1::bigint, 'after exactly the interval one analysis is opened, with two owners');
select is((select user_id from goalpost.workflow_runs where id = (select max(run_id) from goalpost.steps where kind = 'analyze')),
          (select m.user_id from goalpost.members m where m.workspace_id = tests.id_of('acme') and m.role = 'owner' order by m.created_at, m.user_id limit 1), 'as the owner of longest standing');
insert into goalpost_private.analysis_schedule
select tests.workspace('w' || n, jsonb_build_object('p' || n, 'owner')), goalpost_private.clock() - interval '1 hour', goalpost_private.clock() - interval '2 hours' from generate_series(1, 21) n;
select is(pg_temp.analyses(), 21::bigint, 'twenty more in one sweep');
select is(pg_temp.analyses(), 22::bigint, 'the last one in the next');

select * from finish();
rollback;
