-- The drain that made the step ready has claimed it; a wake is sent for steps that are left.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a, b:a, c:b, d:b'));
select tests.start(tests.get('run'), 'a');
delete from goalpost.wakes;
select tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')), 'tool', 10);
select is(tests.wake_count('executor'), 0::bigint, 'a step claimed in the same call sends no wake');
select tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'b', 'completed', '{"result": {}}')), 'tool', 1);
select is(tests.wake_count('executor'), 1::bigint, 'a step that is left sends one wake');
select is((select ready_count from goalpost.wakes), 1, 'the wake counts one ready step');

select * from finish();
rollback;
