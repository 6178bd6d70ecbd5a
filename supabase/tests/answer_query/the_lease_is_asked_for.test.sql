-- Only the worker that holds the step may read for it; by then the asker is known from the row.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('a, b'));
select tests.start(tests.get('run'), 'a');
select is(tests.query(tests.get('run'), 'a', 'select 1 as n', p_lease_epoch => 0) ->> 'refused', 'ZG009', 'another epoch');
select is(tests.query(tests.get('run'), 'nobody', 'select 1 as n', p_lease_epoch => 1) ->> 'refused', 'ZG009', 'no such step');
select is(tests.query(-1, 'a', 'select 1 as n', p_lease_epoch => 1) ->> 'refused', 'ZG009', 'no such run');
select tests.do_complete(tests.get('run'), 'b');
select is(tests.query(tests.get('run'), 'b', 'select 1 as n') ->> 'refused', 'ZG009', 'a step that ended');
select is(tests.query(tests.get('run'), 'a', 'select 1 as n') ->> 'row_count', '1', 'its own lease');

select * from finish();
rollback;
