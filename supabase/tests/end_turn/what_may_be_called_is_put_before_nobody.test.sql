-- People are asked for what waits for them.
begin;
select * from no_plan();
select tests.world();

select tests.keep('run', tests.agent_at_work());
select tests.decide('allow');
select tests.begin_turn(tests.the('run'));
select tests.end_turn(tests.the('run'), 1, '[{"call_id": "x", "tool": "calculate"}, {"call_id": "y", "tool": "http_get"}]');
select is(tests.calls(tests.the('run')), 'intended denied', 'one may be made, one may not');
select is((select count(*) from tests.asked), 0::bigint, 'nobody is asked');

select * from finish();
rollback;
