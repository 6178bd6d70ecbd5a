-- The probability that one success rate is higher than another, compared with integrals that are known.
begin;
select plan(12);
create function pg_temp.p(a bigint, b bigint, c bigint, d bigint) returns numeric language sql as $$ select round(goalpost_private.probability_of_higher_rate(a, b, c, d)::numeric, 6) $$;
select is(pg_temp.p(0, 0, 0, 0), 0.5, 'without evidence both are equal');
select is(pg_temp.p(n, 2 * n, n, 2 * n), 0.5, format('%s of %s on both sides are equal', n, 2 * n)) from unnest(array[1, 7, 1000]) n;
-- Of Beta(2, 1) against Beta(1, 1) the integral of 2x * x is 2/3; of Beta(3, 1) 3/4; of Beta(1, 2) 1/3.
select is(pg_temp.p(1, 1, 0, 0), round(2/3.0, 6), 'one success of one');
select is(pg_temp.p(2, 2, 0, 0), 0.75, 'two of two');
select is(pg_temp.p(0, 1, 0, 0), round(1/3.0, 6), 'none of one');
-- Of Beta(2, 1) against Beta(1, 2) the integral of 2x * (1 - (1 - x)^2) is 5/6.
select is(pg_temp.p(1, 1, 0, 1), round(5/6.0, 6), 'one of one against none of one');
-- By the integral of the density of Beta(19, 3) times the distribution of Beta(13, 9), in steps of 1/2000.
select is(round(pg_temp.p(18, 20, 12, 20), 2), (
  with grid as (select (n - 0.5) / 2000.0::double precision as x from generate_series(1, 2000) n),
  density as (select x, x ^ 18 * (1 - x) ^ 2 as first, sum(x ^ 12 * (1 - x) ^ 8) over (order by x) as below from grid)
  select round((sum(first * below) / (sum(first) * max(below)))::numeric, 2) from density), '18 of 20 against 12 of 20');
select is(pg_temp.p(18, 20, 12, 20) + pg_temp.p(12, 20, 18, 20), 1.0, 'the other way round is the rest');
select is(pg_temp.p(9, 10, 5, 10) < pg_temp.p(90, 100, 50, 100), true, 'more evidence is more certain');
select is(pg_temp.p(1000, 1000, 0, 1000) between 0.999 and 1, true, 'it stays a probability');
select * from finish();
rollback;
