-- The end of the run closed them, and the retry reopens the run.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.do_fail(tests.get('run'), 'a');
select tests.report_failure(tests.get('run'));
select is((select state from goalpost.agent_instances where run_id = tests.get('run')), 'closed', 'the agent is closed with its failed run');
select tests.speak_as('mia');
select goalpost.retry_dead_letter(tests.dead_letter_of(tests.get('run'), 'a'));
select is((select state from goalpost.agent_instances where run_id = tests.get('run')), 'open', 'the agent is open after the retry');
select is((select closed_at from goalpost.agent_instances where run_id = tests.get('run')), null, 'the reopened agent has no closing time');

select * from finish();
rollback;
