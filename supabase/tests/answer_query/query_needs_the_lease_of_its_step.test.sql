-- Only the worker that holds the lease may read for a step; the asker is taken from the step's row.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('a, b'));
select tests.start(tests.get('run'), 'a');
select is(tests.query(tests.get('run'), 'a', 'select 1 as n', p_lease_epoch => 0) ->> 'refused', 'ZG009', 'a query under another lease epoch is refused');
select is(tests.query(tests.get('run'), 'absent', 'select 1 as n', p_lease_epoch => 1) ->> 'refused', 'ZG009', 'a query for a step that does not exist is refused');
select is(tests.query(-1, 'a', 'select 1 as n', p_lease_epoch => 1) ->> 'refused', 'ZG009', 'a query for a run that does not exist is refused');
select tests.do_complete(tests.get('run'), 'b');
select is(tests.query(tests.get('run'), 'b', 'select 1 as n') ->> 'refused', 'ZG009', 'a query for a step that ended is refused');
select is(tests.query(tests.get('run'), 'a', 'select 1 as n') ->> 'row_count', '1', 'a query under the lease of its step is answered');

select * from finish();
rollback;
