-- One call ends steps and claims the steps that became ready, so that a drain needs no second call.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a, b:a, c:a, d:a'));
select tests.start(tests.get('run'), 'a');
select tests.set('answer', tests.finish_all(
  jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')), 'tool agent', 2)::text);

select is(tests.keys(tests.kept('answer')::jsonb -> 'claimed'), 'b c', 'finish_steps claims up to its limit');
select is(tests.states(tests.get('run')), 'a=completed b=running c=running d=ready judge=pending', 'only the claimed steps are running');
select is(tests.finish_all('[]', 'tool', 5) #>> '{claimed,0,step_key}', 'd', 'a call without outcomes claims the remaining step');

select * from finish();
rollback;
