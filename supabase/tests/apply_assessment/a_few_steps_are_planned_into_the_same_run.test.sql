-- No goal, no judge: the last step is the answer.
begin;
select plan(4);
select tests.world();

select tests.keep('run', tests.ask());
select tests.do_complete(tests.the('run'), 'assess', jsonb_build_object('decision', 'steps', 'steps', tests.steps('a, b:a')));
select is(tests.states(tests.the('run')), 'a=ready b=pending', 'the steps');
select is((tests.step(tests.the('run'), 'b')).ends_run, true, 'the last one ends the run');
select is((tests.step(tests.the('run'), 'a')).ends_run, false, 'the first does not');
select is((tests.request_of(tests.the('run'))).state, 'accepted', 'the request is open');

select * from finish();
rollback;
