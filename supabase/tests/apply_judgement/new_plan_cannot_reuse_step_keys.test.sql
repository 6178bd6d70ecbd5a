-- A step key is unique in its run, over all revisions.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "replan", "reason": "again"}');
select matches(tests.message(tests.get('run'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a')))), 'duplicate_key', 'a new plan with a key of the first plan is refused');
select is(tests.message(tests.get('run'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a_again')))), null, 'a new plan with a new key is accepted');

select * from finish();
rollback;
