-- Advisory locks are shared with everything else in the database: small numbers are left to others.
begin;
select plan(2);

select is_empty($$ select n from generate_series(1, 1000) n where goalpost_private.tree_lock(n) between -1000000 and 1000000 $$, 'no tree lock is a small number');
select is((select count(distinct goalpost_private.tree_lock(n)) from generate_series(1, 1000) n), 1000::bigint, 'a thousand trees have a thousand different locks');

select * from finish();
rollback;
