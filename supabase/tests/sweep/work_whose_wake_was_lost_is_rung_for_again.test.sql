-- Ready for a second or more and still there: its bell was not heard. Not for work whose time has not come.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('a, b'));
update goalpost.steps set run_after = goalpost_private.clock() + interval '1 hour' where run_id = tests.get('run') and key = 'b';
update goalpost.wakes set acknowledged_at = goalpost_private.clock();
delete from goalpost.wakes;
select is((goalpost_worker.sweep()) ->> 'wakes_sent', '0', 'it was readied just now');
select tests.advance_clock('1 second');
select is((goalpost_worker.sweep()) ->> 'wakes_sent', '1', 'it has been lying there');
select is((select ready_count from goalpost.wakes where function = 'executor'), 1, 'one step, not two');
select is((goalpost_worker.sweep()) ->> 'wakes_sent', '0', 'that bell is still ringing');
select tests.advance_clock('3 seconds');
select is((goalpost_worker.sweep()) ->> 'wakes_sent', '1', 'it was not heard either');

select * from finish();
rollback;
