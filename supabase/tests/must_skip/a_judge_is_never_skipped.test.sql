-- Where every step failed or was skipped, the judge reports that.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b:a', '{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('run'), 'a');
select is(tests.states(tests.get('run')), 'a=failed b=skipped judge=ready', 'the judge is ready although no step was completed');
select is(tests.run_state(tests.get('run')), 'running', 'the run goes on with the judge alone');

select * from finish();
rollback;
