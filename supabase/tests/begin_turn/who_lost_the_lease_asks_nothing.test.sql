-- The epoch is the authority.
begin;
select * from no_plan();
select tests.world();

select tests.keep('run', tests.agent_at_work());
select tests.lose(tests.the('run'));
select is(tests.refusal(format('select tests.asks_model(%s, ''q'', ''[]'', 1)', tests.the('run'))), 'ZG009', 'not with an older epoch');
select is(tests.refusal(format('select tests.asks_model(%s, ''q'', ''[]'', 99)', tests.the('run'))), 'ZG009', 'nor with one to come');
select tests.do_fail(tests.the('run'), 'a');
select is(tests.refusal(format('select tests.asks_model(%s)', tests.the('run'))), 'ZG009', 'nor once the step has ended');
select is(tests.refusal('select tests.asks_model(-1, ''q'', ''[]'', 1)'), 'ZG009', 'nor for a step that is none');
select is((select count(*) from goalpost.step_turns where run_id = tests.the('run') and step_key = 'a'), 0::bigint, 'and nothing is written');

select * from finish();
rollback;
