-- The one table people write, straight from supabase-js: their own row, in their workspace, not yet looked at.
begin;
select * from no_plan();
select tests.world();

select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, question, idempotency_key, context) values (%L, ''q'', ''k'', ''{}'')', tests.id_of('acme'))), 'none', 'her own');
select is((select user_id from goalpost.requests where question = 'q'), tests.id_of('mia'), 'is hers');
select is(tests.wake_count('intake'), 1::bigint, 'and rings for intake');
select is(tests.value_for('mia', format('insert into goalpost.requests (workspace_id, question) values (%L, ''r'') returning state', tests.id_of('acme'))), 'submitted', 'she may read it back');
select is(tests.refusal_for('sam', format('insert into goalpost.requests (workspace_id, question) values (%L, ''q'')', tests.id_of('acme'))), '42501', 'not in another''s workspace');
select is(tests.refusal_for('vera', format('insert into goalpost.requests (workspace_id, question) values (%L, ''q'')', tests.id_of('acme'))), '42501', 'not as a viewer');
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, question, %s) values (%L, ''q'', %L)', c.name, tests.id_of('acme'), c.value)), '42501', 'not with a say in ' || c.name)
  from (values ('user_id', tests.id_of('adam')::text), ('state', 'accepted'), ('id', '1'), ('answer_text', 'x'), ('goal_id', '1')) c (name, value);
select is(tests.refusal_for('mia', 'update goalpost.requests set question = ''x'''), '42501', 'not to change it');
select is(tests.refusal_for('mia', 'delete from goalpost.requests'), '42501', 'not to take it back');
select is(tests.refusal_for(null, format('insert into goalpost.requests (workspace_id, question) values (%L, ''q'')', tests.id_of('acme'))), '42501', 'not without signing in');

select * from finish();
rollback;
