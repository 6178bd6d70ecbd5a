-- Of a run with many results, a worker is told those that its step asked for.
begin;
select plan(1);
select tests.world();

select tests.keep('run', tests.planned('a, b, c:a'));
select tests.do_complete(tests.the('run'), 'a', '{"text": "from a"}');
select tests.do_complete(tests.the('run'), 'b', '{"text": "from b"}');
select is(goalpost_private.dependency_results(tests.the('run'), (tests.step(tests.the('run'), 'c')).depends_on), '{"a": {"text": "from a"}}', 'a, and not b');

select * from finish();
rollback;
