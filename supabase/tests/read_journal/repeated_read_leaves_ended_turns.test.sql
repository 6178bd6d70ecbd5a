-- Reading the journal closes open turns, but leaves turns that have ended.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.asks_model(tests.get('run'));
select tests.model_answers(tests.get('run'), 1);
select tests.lose(tests.get('run'));
select goalpost_worker.read_journal(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch);
select is(tests.turns(tests.get('run')), 'answered', 'an answered turn of an earlier worker stays answered');

select * from finish();
rollback;
