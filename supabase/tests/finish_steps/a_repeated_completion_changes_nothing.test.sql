-- A worker that lost the reply reports again: the verdict is that its outcome had counted.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('a, b:a, c:a'));
select tests.do_complete(tests.get('run'), 'a', '{"first": true}');
select tests.set('events', (select count(*) from goalpost.events));

select is(tests.complete(tests.get('run'), 'a', '{"first": false}'), 'repeated', 'a repeated completion returns repeated');
select is(tests.fail(tests.get('run'), 'a'), 'repeated', 'a failure after the completion returns repeated');
select is((tests.step(tests.get('run'), 'a')).result, '{"first": true}', 'the first result is kept');
select is(tests.states(tests.get('run')), 'a=completed b=ready c=ready judge=pending', 'the dependents are released once');
select is((select count(*) from goalpost.events), tests.get('events'), 'a repeated completion records no event');

select * from finish();
rollback;
