-- The drain that made it ready has it; what is left over is rung for.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a, b:a, c:b, d:b'));
select tests.start(tests.get('run'), 'a');
delete from goalpost.wakes;
select tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')), 'tool', 10);
select is(tests.wake_count('executor'), 0::bigint, 'b is claimed: silence');
select tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'b', 'completed', '{"result": {}}')), 'tool', 1);
select is(tests.wake_count('executor'), 1::bigint, 'c is claimed, d is not: one bell');
select is((select ready_count from goalpost.wakes), 1, 'for one step');

select * from finish();
rollback;
