-- pending -> skipped; the judge still gets its turn.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('a, b:a', '{"b": {"condition": {"a": {"kind": 1}}}}'));
select tests.do_complete(tests.get('run'), 'a', '{"kind": 2}');
select is(tests.states(tests.get('run')), 'a=completed b=skipped judge=ready', 'b is left out');

select * from finish();
rollback;
