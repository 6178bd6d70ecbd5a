-- Also while the earlier turn is open: its answer may still arrive.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_turn(tests.get('run'), 'a', 1, 'asked', '{"lease_epoch": 0}');
select is(tests.asks_model(tests.get('run')), '{"number": 2}', 'the same model call under another epoch gets a new number');
select is(tests.turns(tests.get('run')), 'unknown asked', 'the turn of the earlier worker becomes unknown');

select * from finish();
rollback;
