-- A claim takes no more than it was asked to, and leaves the rest ready for others.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 's' || n) from generate_series(1, 7) n;

select is(jsonb_array_length(tests.claim('tool', 3)), 3, 'a claim of three takes three steps');
select is((select count(*) from goalpost.steps where run_id = tests.get('run') and state = 'ready'), 4::bigint, 'the other four steps stay ready');
select is(jsonb_array_length(tests.claim('tool', 100)), 4, 'the next claim takes what is left');
select is(tests.claim('tool', 100), '[]', 'a claim without ready steps is empty');
select is(tests.claim('tool', 0), '[]', 'a limit of 0 claims nothing');

select * from finish();
rollback;
