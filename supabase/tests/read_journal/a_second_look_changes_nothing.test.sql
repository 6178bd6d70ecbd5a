-- What has ended, however, is not settled by who comes next.
begin;
select * from no_plan();
select tests.world();

select tests.keep('run', tests.agent_at_work());
select tests.asks_model(tests.the('run'));
select tests.model_answers(tests.the('run'), 1);
select tests.lose(tests.the('run'));
select goalpost_worker.read_journal(tests.the('run'), 'a', (tests.step(tests.the('run'), 'a')).lease_epoch);
select is(tests.turns(tests.the('run')), 'answered', 'an answer of an earlier worker stays an answer');

select * from finish();
rollback;
