-- Advisory locks are shared with everything else in the database: numbers that others would take are not ours.
begin;
select plan(2);

select is_empty($$ select n from generate_series(1, 1000) n where goalpost_private.tree_lock(n) between -1000000 and 1000000 $$, 'no small number is a tree''s lock');
select is((select count(distinct goalpost_private.tree_lock(n)) from generate_series(1, 1000) n), 1000::bigint, 'each tree has its own');

select * from finish();
rollback;
