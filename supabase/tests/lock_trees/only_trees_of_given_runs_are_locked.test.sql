-- A transition locks the tree that it changes: work in other trees is not blocked.
begin;
select plan(4);
select tests.world();

create function pg_temp.is_locked(p_name text) returns boolean language sql as $$
  select exists (select from pg_catalog.pg_locks l
                  where l.locktype = 'advisory' and l.pid = pg_backend_pid() and l.objsubid = 1
                    and (l.classid::bigint << 32) | l.objid::bigint = goalpost_private.tree_lock(tests.get(p_name))) $$;
-- The runs are inserted directly: functions would lock the trees.
select tests.set('one', tests.bare_run()), tests.set('two', tests.bare_run());
select is(pg_temp.is_locked('one'), false, 'a tree is not locked before');
select goalpost_private.lock_trees(array[tests.get('one')]);
select is(pg_temp.is_locked('one'), true, 'the tree of the given run is locked');
select is(pg_temp.is_locked('two'), false, 'the tree of another run is not locked');
select goalpost_private.lock_trees(array[tests.get('one'), tests.get('two')]);
select is(pg_temp.is_locked('two'), true, 'the other tree is locked when its run is given');

select * from finish();
rollback;
