-- Every limit has a maximum: a claim without one would take everything.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'a');

select is(tests.refusal('select tests.claim(''tool'', 101)'), 'ZG003', 'a claim of more than 100 steps is refused');
select is(tests.refusal('select tests.claim(''tool'', -1)'), 'ZG003', 'a claim of fewer than zero steps is refused');
select is(tests.refusal('select tests.claim(''tool'', null)'), 'ZG003', 'a claim without a limit is refused');
select is(tests.refusal('select tests.claim(''tool'', 1, 0)'), 'ZG003', 'a lease of zero seconds is refused');
select is(tests.refusal('select tests.claim(''tool'', 1, 3601)'), 'ZG003', 'a lease of more than an hour is refused');
select is(tests.refusal('select tests.claim(''tool'', 1, null)'), 'ZG003', 'a lease without an end is refused');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'refused claims leave the step ready');

select * from finish();
rollback;
