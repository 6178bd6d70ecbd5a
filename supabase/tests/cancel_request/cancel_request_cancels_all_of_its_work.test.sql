-- Runs, goals, steps and approvals are cancelled at all depths; workers learn of it by their lost leases.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a, ap, sub', jsonb_build_object('ap', tests.approval(), 'sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.start(tests.get('run'), 'a');
select tests.set('request', (tests.request_of(tests.get('run'))).id);
select is(tests.json_for('mia', format('select goalpost.cancel_request(%s)', tests.get('request'))), jsonb_build_object('request_id', tests.get('request'), 'state', 'cancelled'), 'cancel_request returns the request and its state');
select is(tests.states(tests.get('run')), 'a=cancelled ap=cancelled judge=cancelled sub=cancelled', 'the steps of a cancelled request are cancelled');
select is(tests.run_state(tests.get('below')), 'cancelled', 'the run of a sub-goal is cancelled with the request');
select is((tests.goal_of(tests.get('below'))).state, 'cancelled', 'the sub-goal is cancelled with the request');
select is((tests.request_of(tests.get('run'))).reason, 'cancelled by a person', 'the reason states that a person cancelled the request');
select is(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"lease_epoch": 1, "result": {}}'))) #>> '{outcomes,0,verdict}', 'lease_lost', 'an outcome for a cancelled step is refused as lease_lost');
select is(goalpost_worker.heartbeat_steps(jsonb_build_array(tests.outcome(tests.get('run'), 'a', '-', '{"lease_epoch": 1}')), 30) #> '{0,held}', 'false', 'a heartbeat of a cancelled step is not held');
select tests.set('events', (select count(*) from goalpost.events));
select is(tests.json_for('mia', format('select goalpost.cancel_request(%s)', tests.get('request'))) ->> 'state', 'cancelled', 'cancelling a request again returns the same state');
select is((select count(*) from goalpost.events), tests.get('events'), 'cancelling a request again records no event');

select * from finish();
rollback;
