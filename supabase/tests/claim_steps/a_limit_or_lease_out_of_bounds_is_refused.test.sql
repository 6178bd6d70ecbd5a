-- Every cap has a value: no limit at all would be a claim of everything.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'a');

select is(tests.refusal('select tests.claim(''tool'', 101)'), 'ZG003', 'more than 100 at once');
select is(tests.refusal('select tests.claim(''tool'', -1)'), 'ZG003', 'less than none');
select is(tests.refusal('select tests.claim(''tool'', null)'), 'ZG003', 'no limit');
select is(tests.refusal('select tests.claim(''tool'', 1, 0)'), 'ZG003', 'a lease of no time');
select is(tests.refusal('select tests.claim(''tool'', 1, 3601)'), 'ZG003', 'a lease of more than an hour');
select is(tests.refusal('select tests.claim(''tool'', 1, null)'), 'ZG003', 'a lease without an end');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'nothing was claimed by any of them');

select * from finish();
rollback;
