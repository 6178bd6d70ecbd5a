-- The epoch is the authority.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.lose(tests.get('run'));
select is(tests.refusal(format('select tests.asks_model(%s, ''q'', ''[]'', 1)', tests.get('run'))), 'ZG009', 'not with an older epoch');
select is(tests.refusal(format('select tests.asks_model(%s, ''q'', ''[]'', 99)', tests.get('run'))), 'ZG009', 'nor with one to come');
select tests.do_fail(tests.get('run'), 'a');
select is(tests.refusal(format('select tests.asks_model(%s)', tests.get('run'))), 'ZG009', 'nor once the step has ended');
select is(tests.refusal('select tests.asks_model(-1, ''q'', ''[]'', 1)'), 'ZG009', 'nor for a step that is none');
select is((select count(*) from goalpost.step_turns where run_id = tests.get('run') and step_key = 'a'), 0::bigint, 'and nothing is written');

select * from finish();
rollback;
