-- An assessment with steps opens no goal and no judge: the last step gives the answer.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.ask());
select tests.do_complete(tests.get('run'), 'assess', jsonb_build_object('decision', 'steps', 'steps', tests.steps('a, b:a')));
select is(tests.states(tests.get('run')), 'a=ready b=pending', 'the steps of the assessment are in the same run');
select is((tests.step(tests.get('run'), 'b')).ends_run, true, 'the last step ends the run');
select is((tests.step(tests.get('run'), 'a')).ends_run, false, 'the first step does not end the run');
select is((tests.request_of(tests.get('run'))).state, 'accepted', 'the request stays accepted while its steps are open');

select * from finish();
rollback;
