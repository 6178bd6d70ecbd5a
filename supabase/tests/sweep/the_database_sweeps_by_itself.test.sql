-- One of the two sweepers is a job of pg_cron, under a name, so that applying it again replaces it.
begin;
select plan(1);
select tests.world();

select results_eq(
  'select schedule, command from cron.job where jobname = ''goalpost-sweep''',
  $$ values ('10 seconds', 'select goalpost_private.sweep()') $$, 'every ten seconds');

select * from finish();
rollback;
