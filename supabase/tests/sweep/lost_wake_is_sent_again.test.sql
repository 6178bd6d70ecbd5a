-- A step that is ready for a second or more was missed by its wake. Steps that are not due are not counted.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('a, b'));
update goalpost.steps set run_after = goalpost_private.clock() + interval '1 hour' where run_id = tests.get('run') and key = 'b';
update goalpost.wakes set acknowledged_at = goalpost_private.clock();
delete from goalpost.wakes;
select is((goalpost_worker.sweep()) ->> 'wakes_sent', '0', 'a step that is ready since now causes no wake');
select tests.advance_clock('1 second');
select is((goalpost_worker.sweep()) ->> 'wakes_sent', '1', 'a step that is ready for a second causes a wake');
select is((select ready_count from goalpost.wakes where function = 'executor'), 1, 'the wake counts the one step that is due');
select is((goalpost_worker.sweep()) ->> 'wakes_sent', '0', 'an open wake is not sent again');
select tests.advance_clock('3 seconds');
select is((goalpost_worker.sweep()) ->> 'wakes_sent', '1', 'an old unacknowledged wake is sent again');

select * from finish();
rollback;
