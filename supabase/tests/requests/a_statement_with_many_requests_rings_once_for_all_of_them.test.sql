-- Never one bell per row: ten of a batch make one.
begin;
select plan(2);
select tests.world();

select tests.value_for('mia', format('insert into goalpost.requests (workspace_id, question) select %L, ''q'' || n from generate_series(1, 9) n', tests.id_of('acme')));
select is(tests.wake_count('intake'), 1::bigint, 'one bell');
select is((select ready_count from goalpost.wakes where function = 'intake'), 9, 'for nine');

select * from finish();
rollback;
