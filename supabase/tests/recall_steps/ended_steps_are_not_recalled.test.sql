-- A worker's name stays with the steps that it ended: this does not return them again.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b'));
select tests.do_complete(tests.get('run'), 'a');
select is(tests.keys(goalpost_worker.claim_steps(array['tool'], 5, 30, 'test', null, '[]')), 'b', 'only the running or ready step is returned');
select is(tests.state(tests.get('run'), 'a'), 'completed', 'the completed step stays completed');

select * from finish();
rollback;
