-- on_reject "fail", which is the default.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('ap, b:ap', jsonb_build_object('ap', tests.approval())));
select tests.value_for('petra', format('select goalpost.decide_approval(%s, ''rejected'', ''too risky'')', (tests.approval_of(tests.get('run'), 'ap')).id));
select tests.report_failure(tests.get('run'));
select is(tests.states(tests.get('run')), 'ap=failed b=cancelled judge=completed', 'the step failed, and its dependent was cancelled');
select is((tests.request_of(tests.get('run'))).reason, 'step ap failed: rejected: too risky', 'the reason of the request names the step and the comment');
select is_empty(format('select from goalpost.dead_letters where run_id = %s', tests.get('run')), 'a rejection leaves no dead letter');

select * from finish();
rollback;
