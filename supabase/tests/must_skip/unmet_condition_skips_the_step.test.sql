-- pending -> skipped; the judge is ready all the same.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('a, b:a', '{"b": {"condition": {"a": {"kind": 1}}}}'));
select tests.do_complete(tests.get('run'), 'a', '{"kind": 2}');
select is(tests.states(tests.get('run')), 'a=completed b=skipped judge=ready', 'a step with an unmet condition is skipped');

select * from finish();
rollback;
