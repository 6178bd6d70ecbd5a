-- The lease epoch decides.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.lose(tests.get('run'));
select is(tests.refusal(format('select tests.asks_model(%s, ''q'', ''[]'', 1)', tests.get('run'))), 'ZG009', 'begin_turn under an older epoch is refused');
select is(tests.refusal(format('select tests.asks_model(%s, ''q'', ''[]'', 99)', tests.get('run'))), 'ZG009', 'begin_turn under a future epoch is refused');
select tests.do_fail(tests.get('run'), 'a');
select is(tests.refusal(format('select tests.asks_model(%s)', tests.get('run'))), 'ZG009', 'begin_turn for a step that has ended is refused');
select is(tests.refusal('select tests.asks_model(-1, ''q'', ''[]'', 1)'), 'ZG009', 'begin_turn for a step that does not exist is refused');
select is((select count(*) from goalpost.step_turns where run_id = tests.get('run') and step_key = 'a'), 0::bigint, 'refused model calls leave no turn');

select * from finish();
rollback;
