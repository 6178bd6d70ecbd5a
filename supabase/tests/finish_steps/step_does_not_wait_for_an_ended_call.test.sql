-- The state of the step that worked for the call does not matter.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.bare_call(tests.get('run'), 'a', 1, 'done', '{"works_in_step": "b"}');
select tests.finish(tests.get('run'), 'a', 'waiting', '{"for": "others"}');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'a step whose call is done is ready at once');

select * from finish();
rollback;
