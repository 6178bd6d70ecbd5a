-- One run, one name for each step, over all revisions.
begin;
select plan(2);
select tests.world();

select tests.keep('run', tests.planned('a'));
select tests.do_complete(tests.the('run'), 'a');
select tests.do_complete(tests.the('run'), 'judge', '{"decision": "replan", "reason": "again"}');
select matches(tests.message(tests.the('run'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a')))), 'duplicate_key', 'a was there');
select is(tests.message(tests.the('run'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a_again')))), null, 'a_again was not');

select * from finish();
rollback;
