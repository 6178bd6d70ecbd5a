-- With wider column grants the policy would still hold: user, workspace and state are checked in the row.
begin;
select plan(4);
select tests.world();

grant insert on goalpost.requests to authenticated;
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, user_id, question) values (%L, %L, ''q'')', tests.id_of('acme'), tests.id_of('adam'))), '42501', 'a request for another person is refused');
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, question, state) values (%L, ''q'', ''accepted'')', tests.id_of('acme'))), '42501', 'a request inserted as accepted is refused');
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, question) values (%L, ''q'')', tests.id_of('elsewhere'))), '42501', 'a request in another workspace is refused');
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, user_id, question) values (%L, %L, ''q'')', tests.id_of('acme'), tests.id_of('mia'))), 'none', 'a person''s own submitted request is accepted');

select * from finish();
rollback;
