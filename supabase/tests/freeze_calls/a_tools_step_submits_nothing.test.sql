-- What ends an agent's step is no tool of others.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(goalpost_worker.freeze_calls(tests.get('run'), 'a', 1, '[{"call_id": "tool", "tool": "submit_result"}]') #>> '{calls,0,rule}', 'unknown_tool', 'it is unknown here');

select * from finish();
rollback;
