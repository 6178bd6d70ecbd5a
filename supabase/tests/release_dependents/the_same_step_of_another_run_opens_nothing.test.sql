-- Two runs of one plan: an end in one of them opens its dependents there, and none in the other.
begin;
select plan(4);
select tests.world();

select tests.set('one', tests.planned('a, b:a', '{"a": {"on_failure": "continue"}}'));
select tests.set('two', tests.planned('a, b:a', '{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('one'), 'a');
select is(tests.states(tests.get('one')), 'a=failed b=skipped judge=ready', 'the dependent is skipped in the run whose step failed');
select is(tests.states(tests.get('two')), 'a=ready b=pending judge=pending', 'the dependent of the other run stays pending');
select is((tests.step(tests.get('two'), 'b')).remaining_dependencies, 1, 'the other run''s dependent still waits for one step');
select tests.do_complete(tests.get('two'), 'a');
select is(tests.states(tests.get('two')), 'a=completed b=ready judge=pending', 'the other run''s dependent is ready when its step ends');

select * from finish();
rollback;
