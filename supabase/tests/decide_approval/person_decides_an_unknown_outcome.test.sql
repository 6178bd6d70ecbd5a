-- unknown -> done with a result, intended (again), or failed.
begin;
select plan(11);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a, b, c', jsonb_build_object('a', tests.agent(), 'b', tests.agent(), 'c', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('happened', tests.asks(tests.get('run'), 'a', 'outcome_unknown'));
select tests.set('not', tests.asks(tests.get('run'), 'b', 'outcome_unknown'));
select tests.set('given_up', tests.asks(tests.get('run'), 'c', 'outcome_unknown'));
select tests.leave_waiting(tests.get('run'), k) from unnest(array['a', 'b', 'c']) k;
select is(tests.decided('petra', tests.get('happened'), 'approved'), 'ZG003', 'an unknown outcome cannot be approved');
select is(tests.decided('petra', tests.get('not'), 'not_happened', '{"answer": {}}'), 'ZG003', 'an outcome decided as not happened cannot have a result');
select tests.decide('petra', tests.get('happened'), 'happened', '{"answer": {"sent": 1}}');
select is((tests.the_call(tests.get('run'), 'a')).state, 'unknown', 'a result that another person supplies waits for the requester');
select is(tests.decided('petra', tests.get('happened'), 'happened'), 'ZG002', 'only the requester may confirm a supplied result');
select tests.decide('mia', tests.get('happened'), 'happened');
select is((tests.the_call(tests.get('run'), 'a')).result, '{"sent": 1}', 'the confirmed result is the result of the call');
select is((tests.the_call(tests.get('run'), 'a')).state || ' ' || tests.state(tests.get('run'), 'a'), 'done ready', 'a call that happened is done and not made again');
select tests.decide('petra', tests.get('not'), 'not_happened');
select is((tests.the_call(tests.get('run'), 'b')).state || ' ' || tests.state(tests.get('run'), 'b'), 'intended ready', 'a call that did not happen is intended again');
select tests.decide('petra', tests.get('given_up'), 'rejected', '{"comment": "leave it"}');
select is((tests.the_call(tests.get('run'), 'c')).state || ' ' || tests.state(tests.get('run'), 'c'), 'failed ready', 'a call with a rejected outcome has failed');
select is((tests.the_call(tests.get('run'), 'c')).error ->> 'message', 'rejected: leave it', 'the failed call has the reason of the rejection');
select tests.set('bare', tests.planned('d', jsonb_build_object('d', tests.agent())));
select tests.start(tests.get('bare'), 'd');
select tests.set('no_result', tests.asks(tests.get('bare'), 'd', 'outcome_unknown'));
select tests.decide('petra', tests.get('no_result'), 'happened');
select is((tests.the_call(tests.get('bare'), 'd')).result, 'null', 'a call that happened may have no known result');
select is((select array_agg(state order by id) from goalpost.approvals), array['approved', 'approved', 'rejected', 'approved'], 'the approvals have the states of their decisions');

select * from finish();
rollback;
