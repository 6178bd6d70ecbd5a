-- A skip cascades down to where something else completed; the judge is never left out: it has to say why.
begin;
select plan(2);
select tests.world();

select tests.keep('run', tests.planned('a, b:a, c:b, d:c, x, e:c+x', '{"b": {"condition": {"a": {"go": true}}}}'));
select tests.do_complete(tests.the('run'), 'a', '{"go": false}');
select is(tests.states(tests.the('run')), 'a=completed b=skipped c=skipped d=skipped e=pending judge=pending x=running', 'the cascade');
select tests.do_complete(tests.the('run'), 'x');
select is(tests.state(tests.the('run'), 'e'), 'ready', 'e has x');

select * from finish();
rollback;
