-- The worker has released the step, or the run was cancelled: the epoch need not have changed.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.asks_model(tests.get('run'));
select tests.finish(tests.get('run'), 'a', 'released');
select is(tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "sql"}]'), '{"lease_lost": true}', 'an answer to a released step returns lease_lost');
select is(tests.turns(tests.get('run')), 'failed', 'the turn of a released step fails');

select * from finish();
rollback;
