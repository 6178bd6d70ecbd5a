-- Ending a run takes its steps from their workers: the raised epoch refuses their outcomes.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a, b'));
select tests.start(tests.get('run'), 'a');
select tests.do_fail(tests.get('run'), 'b');
select is(tests.states(tests.get('run')), 'a=cancelled b=failed judge=ready', 'the run winds down when b fails');
select is(tests.finish(tests.get('run'), 'a', 'completed', '{"lease_epoch": 1, "result": {}}'), 'lease_lost', 'an outcome for a cancelled step is refused as lease_lost');
select is(tests.state(tests.get('run'), 'a'), 'cancelled', 'the cancelled step stays cancelled');

select * from finish();
rollback;
