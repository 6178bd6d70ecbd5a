-- Steps that a worker holds do not hide ready ones.
begin;
select plan(2);
select tests.world();

select tests.planned('a, b, c');
select is(tests.claimed_keys('tool', 2), 'a b', 'a claim of two takes two of three steps');
select is(tests.claimed_keys('tool', 1), 'c', 'the next claim takes the third step past the running ones');

select * from finish();
rollback;
