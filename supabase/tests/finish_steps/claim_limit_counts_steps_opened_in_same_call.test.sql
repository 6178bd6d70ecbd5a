-- The steps that an outcome opens may go to the worker that reported it: within the limit, of the requested kinds, while
-- their run is open.
begin;
select plan(9);
-- Only opened steps are ready here, which is not so beside bystanders.
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a, b:a, c:a, d:a'));
select tests.start(tests.get('run'), 'a');
select is(tests.keys(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')), 'tool', 1) -> 'claimed'), 'b', 'a limit of one claims one of three opened steps');
select is(tests.states(tests.get('run')), 'a=completed b=running c=ready d=ready judge=pending', 'the other opened steps stay ready');

select tests.set('more', tests.planned('p, q:p, r:p'));
select tests.start(tests.get('more'), 'p');
select tests.bare_step(tests.get('run'), 'z');
select tests.advance_clock('1 second');
select is(tests.keys(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('more'), 'p', 'completed', '{"result": {}}')), 'tool', 1) -> 'claimed'), 'q', 'a limit of one prefers the opened step to older work');
select is(tests.states(tests.get('more')), 'judge=pending p=completed q=running r=ready', 'the other opened step stays ready beside older work');

select tests.set('kinds', tests.planned('k, l:k, m:k', jsonb_build_object('m', tests.agent())));
select tests.start(tests.get('kinds'), 'k');
select is(tests.keys(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('kinds'), 'k', 'completed', '{"result": {}}')), 'agent', 10) -> 'claimed'), 'm', 'only an opened step of the requested kind is claimed');
select tests.set('kinds', tests.planned('k, l:k, m:k', jsonb_build_object('m', tests.agent())));
select tests.start(tests.get('kinds'), 'k');
select tests.set('others', tests.planned('n', jsonb_build_object('n', tests.agent())));
select is(tests.keys(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('kinds'), 'k', 'completed', '{"result": {}}')), 'agent', 10) -> 'claimed'), 'm n', 'an opened step of the requested kind is claimed beside others');

select tests.set('run', tests.planned('a, x, b:a'));
select tests.start(tests.get('run'), 'a');
select is(tests.finish_all(jsonb_build_array(
    tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}'),
    tests.outcome(tests.get('run'), 'x', 'failed', '{"error": {"code": "c", "message": "m", "retryable": false}}')), 'tool', 10) -> 'claimed',
  '[]', 'an opened step of a run that ended is not claimed');
select is(tests.states(tests.get('run')), 'a=completed b=cancelled judge=ready x=failed', 'the step opened in that call is cancelled and the judge ready');
select tests.report_failure(tests.get('run'));
select is(tests.run_state(tests.get('run')), 'failed', 'the run fails when the judge has reported');

select * from finish();
rollback;
