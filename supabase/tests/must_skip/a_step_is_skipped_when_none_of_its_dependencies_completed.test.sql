-- A skip cascades down to where something else completed; the judge is never left out: it has to say why.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b:a, c:b, d:c, x, e:c+x', '{"b": {"condition": {"a": {"go": true}}}}'));
select tests.do_complete(tests.get('run'), 'a', '{"go": false}');
select is(tests.states(tests.get('run')), 'a=completed b=skipped c=skipped d=skipped e=pending judge=pending x=running', 'the cascade');
select tests.do_complete(tests.get('run'), 'x');
select is(tests.state(tests.get('run'), 'e'), 'ready', 'e has x');

select * from finish();
rollback;
