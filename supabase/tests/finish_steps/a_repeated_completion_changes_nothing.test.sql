-- A worker that did not hear the answer asks again: it is told that its outcome had counted.
begin;
select plan(5);
select tests.world();

select tests.keep('run', tests.planned('a, b:a, c:a'));
select tests.do_complete(tests.the('run'), 'a', '{"first": true}');
select tests.keep('events', (select count(*) from goalpost.events));

select is(tests.complete(tests.the('run'), 'a', '{"first": false}'), 'repeated', 'the second time');
select is(tests.fail(tests.the('run'), 'a'), 'repeated', 'a failure after it, too');
select is((tests.step(tests.the('run'), 'a')).result, '{"first": true}', 'the first result stays');
select is(tests.states(tests.the('run')), 'a=completed b=ready c=ready judge=pending', 'nobody is released twice');
select is((select count(*) from goalpost.events), tests.the('events'), 'nothing is told twice');

select * from finish();
rollback;
