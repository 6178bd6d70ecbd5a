-- Whatever the step that worked for it does now.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.bare_call(tests.get('run'), 'a', 1, 'done', '{"works_in_step": "b"}');
select tests.finish(tests.get('run'), 'a', 'waiting', '{"for": "others"}');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'it goes on at once');

select * from finish();
rollback;
