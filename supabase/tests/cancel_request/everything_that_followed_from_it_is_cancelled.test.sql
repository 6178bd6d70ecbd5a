-- Runs, goals, steps, approvals, over all depths; workers hear it by their leases.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a, ap, sub', jsonb_build_object('ap', tests.approval(), 'sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.start(tests.get('run'), 'a');
select tests.set('request', (tests.request_of(tests.get('run'))).id);
select is(tests.json_for('mia', format('select goalpost.cancel_request(%s)', tests.get('request'))), jsonb_build_object('request_id', tests.get('request'), 'state', 'cancelled'), 'the answer');
select is(tests.states(tests.get('run')), 'a=cancelled ap=cancelled judge=cancelled sub=cancelled', 'the steps');
select is(tests.run_state(tests.get('below')), 'cancelled', 'the run below');
select is((tests.goal_of(tests.get('below'))).state, 'cancelled', 'the goal below');
select is((tests.request_of(tests.get('run'))).reason, 'cancelled by a person', 'the reason');
select is(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"lease_epoch": 1, "result": {}}'))) #>> '{outcomes,0,verdict}', 'lease_lost', 'the worker');
select is(goalpost_worker.heartbeat_steps(jsonb_build_array(tests.outcome(tests.get('run'), 'a', '-', '{"lease_epoch": 1}')), 30) #> '{0,held}', 'false', 'and its heartbeat');
select tests.set('events', (select count(*) from goalpost.events));
select is(tests.json_for('mia', format('select goalpost.cancel_request(%s)', tests.get('request'))) ->> 'state', 'cancelled', 'a second time');
select is((select count(*) from goalpost.events), tests.get('events'), 'changes nothing');

select * from finish();
rollback;
