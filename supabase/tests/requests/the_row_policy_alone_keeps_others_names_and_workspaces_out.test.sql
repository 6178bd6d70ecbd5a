-- Would the column grants be wider, the policy would still hold: user, workspace and state are checked in the row.
begin;
select plan(4);
select tests.world();

grant insert on goalpost.requests to authenticated;
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, user_id, question) values (%L, %L, ''q'')', tests.id_of('acme'), tests.id_of('adam'))), '42501', 'in another''s name');
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, question, state) values (%L, ''q'', ''accepted'')', tests.id_of('acme'))), '42501', 'already accepted');
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, question) values (%L, ''q'')', tests.id_of('elsewhere'))), '42501', 'in another''s workspace');
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, user_id, question) values (%L, %L, ''q'')', tests.id_of('acme'), tests.id_of('mia'))), 'none', 'but in her own');

select * from finish();
rollback;
