-- Every step was left out: the judge says so.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b:a', '{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('run'), 'a');
select is(tests.states(tests.get('run')), 'a=failed b=skipped judge=ready', 'ready');
select is(tests.run_state(tests.get('run')), 'running', 'and the run goes on');

select * from finish();
rollback;
