-- One run, one name for each step, over all revisions.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "replan", "reason": "again"}');
select matches(tests.message(tests.get('run'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a')))), 'duplicate_key', 'a was there');
select is(tests.message(tests.get('run'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a_again')))), null, 'a_again was not');

select * from finish();
rollback;
