-- A statement sends one wake for all of its rows.
begin;
select plan(2);
select tests.world();

select tests.value_for('mia', format('insert into goalpost.requests (workspace_id, question) select %L, ''q'' || n from generate_series(1, 9) n', tests.id_of('acme')));
select is(tests.wake_count('intake'), 1::bigint, 'nine requests of one statement send one wake');
select is((select ready_count from goalpost.wakes where function = 'intake'), 9, 'the wake counts all nine requests');

select * from finish();
rollback;
