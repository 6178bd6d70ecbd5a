-- "continue" has nothing to continue with where the step is the run's end.
begin;
select plan(2);
select tests.world();

select tests.keep('run', tests.bare_run());
select tests.bare_step(tests.the('run'), 'last', p_more => '{"on_failure": "continue", "ends_run": true}');
select tests.do_fail(tests.the('run'), 'last');
select is(tests.run_state(tests.the('run')), 'failed', 'the run failed');
select is((tests.request_of(tests.the('run'))).state, 'failed', 'and the request was told');

select * from finish();
rollback;
