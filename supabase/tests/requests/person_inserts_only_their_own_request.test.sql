-- The one table that people write, directly from supabase-js: their own row, in their workspace, as submitted.
begin;
select * from no_plan();
select tests.world();

select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, question, idempotency_key, context) values (%L, ''q'', ''k'', ''{}'')', tests.id_of('acme'))), 'none', 'a member may insert a request');
select is((select user_id from goalpost.requests where question = 'q'), tests.id_of('mia'), 'the request belongs to the person who inserted it');
select is(tests.wake_count('intake'), 1::bigint, 'one wake is sent to intake');
select is(tests.value_for('mia', format('insert into goalpost.requests (workspace_id, question) values (%L, ''r'') returning state', tests.id_of('acme'))), 'submitted', 'a member may read the inserted request back');
select is(tests.refusal_for('sam', format('insert into goalpost.requests (workspace_id, question) values (%L, ''q'')', tests.id_of('acme'))), '42501', 'a stranger may not insert a request');
select is(tests.refusal_for('vera', format('insert into goalpost.requests (workspace_id, question) values (%L, ''q'')', tests.id_of('acme'))), '42501', 'a viewer may not insert a request');
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, question, %s) values (%L, ''q'', %L)', c.name, tests.id_of('acme'), c.value)), '42501', 'a member may not set the column ' || c.name)
  from (values ('user_id', tests.id_of('adam')::text), ('state', 'accepted'), ('id', '1'), ('answer_text', 'x'), ('goal_id', '1')) c (name, value);
select is(tests.refusal_for('mia', 'update goalpost.requests set question = ''x'''), '42501', 'a member may not update a request');
select is(tests.refusal_for('mia', 'delete from goalpost.requests'), '42501', 'a member may not delete a request');
select is(tests.refusal_for(null, format('insert into goalpost.requests (workspace_id, question) values (%L, ''q'')', tests.id_of('acme'))), '42501', 'anon may not insert a request');

select * from finish();
rollback;
