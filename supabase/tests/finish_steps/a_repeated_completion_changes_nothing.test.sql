-- A worker that did not hear the answer asks again: it is told that its outcome had counted.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('a, b:a, c:a'));
select tests.do_complete(tests.get('run'), 'a', '{"first": true}');
select tests.set('events', (select count(*) from goalpost.events));

select is(tests.complete(tests.get('run'), 'a', '{"first": false}'), 'repeated', 'the second time');
select is(tests.fail(tests.get('run'), 'a'), 'repeated', 'a failure after it, too');
select is((tests.step(tests.get('run'), 'a')).result, '{"first": true}', 'the first result stays');
select is(tests.states(tests.get('run')), 'a=completed b=ready c=ready judge=pending', 'nobody is released twice');
select is((select count(*) from goalpost.events), tests.get('events'), 'nothing is told twice');

select * from finish();
rollback;
