-- A skip cascades down to where another step was completed; the judge is never skipped: it reports the reason.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b:a, c:b, d:c, x, e:c+x', '{"b": {"condition": {"a": {"go": true}}}}'));
select tests.do_complete(tests.get('run'), 'a', '{"go": false}');
select is(tests.states(tests.get('run')), 'a=completed b=skipped c=skipped d=skipped e=pending judge=pending x=running', 'the skip cascades to steps with only skipped dependencies');
select tests.do_complete(tests.get('run'), 'x');
select is(tests.state(tests.get('run'), 'e'), 'ready', 'a step with one completed dependency is ready');

select * from finish();
rollback;
