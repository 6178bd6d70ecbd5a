-- What somebody works on already does not stand before what is ready.
begin;
select plan(2);
select tests.world();

select tests.planned('a, b, c');
select is(tests.claimed_keys('tool', 2), 'a b', 'two');
select is(tests.claimed_keys('tool', 1), 'c', 'and the third');

select * from finish();
rollback;
