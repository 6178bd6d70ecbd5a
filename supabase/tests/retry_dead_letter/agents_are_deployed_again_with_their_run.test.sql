-- The run's end closed them; it has not ended after all.
begin;
select plan(3);
select tests.world();

select tests.keep('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.do_fail(tests.the('run'), 'a');
select tests.report_failure(tests.the('run'));
select is((select state from goalpost.agent_instances where run_id = tests.the('run')), 'closed', 'closed with the run');
select tests.speak_as('mia');
select goalpost.retry_dead_letter(tests.dead_letter_of(tests.the('run'), 'a'));
select is((select state from goalpost.agent_instances where run_id = tests.the('run')), 'open', 'open again');
select is((select closed_at from goalpost.agent_instances where run_id = tests.the('run')), null, 'as if it had not been closed');

select * from finish();
rollback;
