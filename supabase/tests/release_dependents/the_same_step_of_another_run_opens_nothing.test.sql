-- Two runs of one plan: what ends in one of them opens what waits for it there, and nothing in the other.
begin;
select plan(4);
select tests.world();

select tests.set('one', tests.planned('a, b:a', '{"a": {"on_failure": "continue"}}'));
select tests.set('two', tests.planned('a, b:a', '{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('one'), 'a');
select is(tests.states(tests.get('one')), 'a=failed b=skipped judge=ready', 'a step that nothing feeds any more is skipped in the run whose step failed');
select is(tests.states(tests.get('two')), 'a=ready b=pending judge=pending', 'the step of the other run waits on');
select is((tests.step(tests.get('two'), 'b')).remaining_dependencies, 1, 'for the one step that it has waited for');
select tests.do_complete(tests.get('two'), 'a');
select is(tests.states(tests.get('two')), 'a=completed b=ready judge=pending', 'and is ready once that has completed');

select * from finish();
rollback;
