-- Ending a run takes its steps from their workers: the raised epoch refuses them.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a, b'));
select tests.start(tests.get('run'), 'a');
select tests.do_fail(tests.get('run'), 'b');
select is(tests.states(tests.get('run')), 'a=cancelled b=failed judge=ready', 'the run winds down when b fails');
select is(tests.finish(tests.get('run'), 'a', 'completed', '{"lease_epoch": 1, "result": {}}'), 'lease_lost', 'a''s worker is told');
select is(tests.state(tests.get('run'), 'a'), 'cancelled', 'a stays cancelled');

select * from finish();
rollback;
