begin;
select plan(3);
select tests.world();

select goalpost_private.set_endpoint('aggregator', 'http://127.0.0.1:9/', 1, 50);
select goalpost_private.set_endpoint('executor', 'http://127.0.0.1:9/', 5, 8);
select goalpost_private.set_endpoint('planner', 'http://127.0.0.1:9/', 1, 50);
select is(goalpost_private.send_wake('executor', 20, goalpost_private.clock()), 4, 'a function rings by its own batch size');
select is(goalpost_private.send_wake('executor', 20, goalpost_private.clock()), 0, 'as many as ring already ring no more');
select is(goalpost_private.send_wake('executor', 5, goalpost_private.clock()), 0, 'where more ring than are wanted none is added');

select * from finish();
rollback;
