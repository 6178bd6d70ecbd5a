-- unknown -> done with a result, intended (again), or failed.
begin;
select plan(11);
select tests.world(p_bystanders => false);

select tests.keep('run', tests.planned('a, b, c', jsonb_build_object('a', tests.agent(), 'b', tests.agent(), 'c', tests.agent())));
select tests.start(tests.the('run'), 'a');
select tests.keep('happened', tests.asks(tests.the('run'), 'a', 'outcome_unknown'));
select tests.keep('not', tests.asks(tests.the('run'), 'b', 'outcome_unknown'));
select tests.keep('given_up', tests.asks(tests.the('run'), 'c', 'outcome_unknown'));
select tests.leave_waiting(tests.the('run'), k) from unnest(array['a', 'b', 'c']) k;
select is(tests.decided('petra', tests.the('happened'), 'approved'), 'ZG003', 'it is neither approved');
select is(tests.decided('petra', tests.the('not'), 'not_happened', '{"answer": {}}'), 'ZG003', 'nor has what did not happen a result');
select tests.decide('petra', tests.the('happened'), 'happened', '{"answer": {"sent": 1}}');
select is((tests.the_call(tests.the('run'), 'a')).state, 'unknown', 'a result that another person supplies waits for the requester');
select is(tests.decided('petra', tests.the('happened'), 'happened'), 'ZG002', 'nobody but the requester decides on it now');
select tests.decide('mia', tests.the('happened'), 'happened');
select is((tests.the_call(tests.the('run'), 'a')).result, '{"sent": 1}', 'it happened, with this result');
select is((tests.the_call(tests.the('run'), 'a')).state || ' ' || tests.state(tests.the('run'), 'a'), 'done ready', 'and is not made again');
select tests.decide('petra', tests.the('not'), 'not_happened');
select is((tests.the_call(tests.the('run'), 'b')).state || ' ' || tests.state(tests.the('run'), 'b'), 'intended ready', 'it did not: it may be made');
select tests.decide('petra', tests.the('given_up'), 'rejected', '{"comment": "leave it"}');
select is((tests.the_call(tests.the('run'), 'c')).state || ' ' || tests.state(tests.the('run'), 'c'), 'failed ready', 'given up');
select is((tests.the_call(tests.the('run'), 'c')).error ->> 'message', 'rejected: leave it', 'with the reason');
select tests.keep('bare', tests.planned('d', jsonb_build_object('d', tests.agent())));
select tests.start(tests.the('bare'), 'd');
select tests.keep('no_result', tests.asks(tests.the('bare'), 'd', 'outcome_unknown'));
select tests.decide('petra', tests.the('no_result'), 'happened');
select is((tests.the_call(tests.the('bare'), 'd')).result, 'null', 'a result need not be known');
select is((select array_agg(state order by id) from goalpost.approvals), array['approved', 'approved', 'rejected', 'approved'], 'the decisions');

select * from finish();
rollback;
