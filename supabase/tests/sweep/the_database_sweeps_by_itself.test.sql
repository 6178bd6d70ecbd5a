-- One of the two sweepers is a job of pg_cron, under a name, so that applying it again replaces it.
begin;
select plan(1);
select tests.world();

select results_eq(
  'select schedule, command ~ ''^\s*do .*goalpost_private.sweep\(\).*commit'' from cron.job where jobname = ''goalpost-sweep''',
  $$ values ('10 seconds', true) $$, 'pg_cron sweeps every ten seconds until nothing is due');

select * from finish();
rollback;
