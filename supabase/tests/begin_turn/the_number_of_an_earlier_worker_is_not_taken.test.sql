-- Also where nobody has settled it: its answer may still come.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_turn(tests.get('run'), 'a', 1, 'asked', '{"lease_epoch": 0}');
select is(tests.asks_model(tests.get('run')), '{"number": 2}', 'the same question gets a number of its own');
select is(tests.turns(tests.get('run')), 'unknown asked', 'and the earlier one counts as spent');

select * from finish();
rollback;
