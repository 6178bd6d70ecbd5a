-- 2, 4, 8 … 300 seconds, each times a factor of 0.5 to 1, so that many failures are not retried at the same time.
begin;
select * from no_plan();
select tests.world();

select ok(
         bool_and(d.delay between w.most / 2 and w.most), format('attempt %s waits between %s and %s seconds', w.attempt, w.most / 2, w.most))
  from (values (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 64), (7, 128), (8, 256), (9, 300), (20, 300), (21, 300), (1000, 300)) w (attempt, most)
 cross join lateral (select goalpost_private.retry_delay_seconds(w.attempt) as delay from generate_series(1, 200)) d
 group by w.attempt, w.most
 order by w.attempt;
select ok(
  (select count(distinct goalpost_private.retry_delay_seconds(5)) from generate_series(1, 50)) > 1, 'the delay of one attempt varies');

select * from finish();
rollback;
