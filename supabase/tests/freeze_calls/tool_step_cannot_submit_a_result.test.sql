-- Only an agent's step is ended by submit_result.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(goalpost_worker.freeze_calls(tests.get('run'), 'a', 1, '[{"call_id": "tool", "tool": "submit_result"}]') #>> '{calls,0,rule}', 'unknown_tool', 'submit_result is unknown in the step of a tool');

select * from finish();
rollback;
