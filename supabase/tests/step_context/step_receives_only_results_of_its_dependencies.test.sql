-- Of a run with many results, a worker gets those that its step depends on.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a'));
select tests.do_complete(tests.get('run'), 'a', '{"text": "from a"}');
select tests.do_complete(tests.get('run'), 'b', '{"text": "from b"}');
select is(goalpost_private.dependency_results(tests.get('run'), (tests.step(tests.get('run'), 'c')).depends_on), '{"a": {"text": "from a"}}', 'the results contain those of dependencies only');

select * from finish();
rollback;
