-- "continue" has no effect where the step is the run's end.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'last', p_more => '{"on_failure": "continue", "ends_run": true}');
select tests.do_fail(tests.get('run'), 'last');
select is(tests.run_state(tests.get('run')), 'failed', 'the run fails with the step that ends it');
select is((tests.request_of(tests.get('run'))).state, 'failed', 'the request fails with its run');

select * from finish();
rollback;
