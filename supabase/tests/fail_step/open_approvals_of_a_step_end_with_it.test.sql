-- The open approvals of a failed step are cancelled; those of others stay.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent() || '{"on_failure": "continue"}', 'b', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('of_a', tests.asks(tests.get('run'), 'a'));
select tests.set('of_b', tests.asks(tests.get('run'), 'b'));
select tests.do_fail(tests.get('run'), 'a');
select is((select state from goalpost.approvals where id = tests.get('of_a')), 'cancelled', 'the approval of the failed step is cancelled');
select is((select state from goalpost.approvals where id = tests.get('of_b')), 'pending', 'the approval of another step stays pending');
select is(tests.run_state(tests.get('run')), 'running', 'the run goes on after the tolerated failure');

select * from finish();
rollback;
