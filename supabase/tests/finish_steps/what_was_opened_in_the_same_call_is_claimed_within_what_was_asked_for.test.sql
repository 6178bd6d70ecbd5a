-- Steps that an outcome opens may go to whoever brought it: no more than wanted, of the wanted kinds, while they live.
begin;
select plan(9);
-- Where nothing is ready but what is opened, which is not so beside bystanders.
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a, b:a, c:a, d:a'));
select tests.start(tests.get('run'), 'a');
select is(tests.keys(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')), 'tool', 1) -> 'claimed'), 'b', 'one was wanted, of three');
select is(tests.states(tests.get('run')), 'a=completed b=running c=ready d=ready judge=pending', 'the others are ready for anybody');

select tests.set('more', tests.planned('p, q:p, r:p'));
select tests.start(tests.get('more'), 'p');
select tests.bare_step(tests.get('run'), 'z');
select tests.advance_clock('1 second');
select is(tests.keys(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('more'), 'p', 'completed', '{"result": {}}')), 'tool', 1) -> 'claimed'), 'q', 'one was wanted: a run that was begun goes on before older work');
select is(tests.states(tests.get('more')), 'judge=pending p=completed q=running r=ready', 'the other one is ready');

select tests.set('kinds', tests.planned('k, l:k, m:k', jsonb_build_object('m', tests.agent())));
select tests.start(tests.get('kinds'), 'k');
select is(tests.keys(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('kinds'), 'k', 'completed', '{"result": {}}')), 'agent', 10) -> 'claimed'), 'm', 'of the wanted kind, where nothing else is ready');
select tests.set('kinds', tests.planned('k, l:k, m:k', jsonb_build_object('m', tests.agent())));
select tests.start(tests.get('kinds'), 'k');
select tests.set('others', tests.planned('n', jsonb_build_object('n', tests.agent())));
select is(tests.keys(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('kinds'), 'k', 'completed', '{"result": {}}')), 'agent', 10) -> 'claimed'), 'm n', 'and where something is');

select tests.set('run', tests.planned('a, x, b:a'));
select tests.start(tests.get('run'), 'a');
select is(tests.finish_all(jsonb_build_array(
    tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}'),
    tests.outcome(tests.get('run'), 'x', 'failed', '{"error": {"code": "c", "message": "m", "retryable": false}}')), 'tool', 10) -> 'claimed',
  '[]', 'nothing of a run that ended in the same call');
select is(tests.states(tests.get('run')), 'a=completed b=cancelled judge=ready x=failed', 'what was opened in the same call is cancelled, and the judge may report');
select tests.report_failure(tests.get('run'));
select is(tests.run_state(tests.get('run')), 'failed', 'the run fails when the judge has reported');

select * from finish();
rollback;
