-- A worker's name stays with the steps that it ended: they are not handed out again for that.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b'));
select tests.do_complete(tests.get('run'), 'a');
select is(tests.keys(goalpost_worker.claim_steps(array['tool'], 5, 30, 'test', null, '[]')), 'b', 'what runs is');
select is(tests.state(tests.get('run'), 'a'), 'completed', 'what ended stays ended');

select * from finish();
rollback;
