begin;
select plan(3);
select tests.world();

select goalpost_private.set_endpoint('aggregator', 'http://127.0.0.1:9/', 1, 50);
select goalpost_private.set_endpoint('executor', 'http://127.0.0.1:9/', 5, 8);
select goalpost_private.set_endpoint('planner', 'http://127.0.0.1:9/', 1, 50);
select is(goalpost_private.send_wake('executor', 20, goalpost_private.clock()), 4, 'the number of wakes follows the function''s own batch size');
select is(goalpost_private.send_wake('executor', 20, goalpost_private.clock()), 0, 'as many open wakes as needed send no more');
select is(goalpost_private.send_wake('executor', 5, goalpost_private.clock()), 0, 'more open wakes than needed send no more');

select * from finish();
rollback;
