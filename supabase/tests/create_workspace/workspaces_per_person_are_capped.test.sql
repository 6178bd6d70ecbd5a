-- The cap counts the workspaces that a person created, and not other memberships.
begin;
select plan(4);
select tests.world();
update goalpost_private.limits set max_workspaces_per_person = 2;

select tests.json_for('sam', 'select goalpost.create_workspace(''one'')');
select is(tests.refusal_for('sam', 'select goalpost.create_workspace(''two'')'), 'none', 'a second workspace is within the cap of two');
select is(tests.refusal_for('sam', 'select goalpost.create_workspace(''three'')'), 'ZG006', 'a third workspace is refused at the cap');
select is((select count(*)::integer from goalpost.workspaces where created_by = tests.id_of('sam')), 2, 'a refused workspace leaves no row');
select is(tests.refusal_for('mia', 'select goalpost.create_workspace(''hers'')'), 'none', 'another person has a cap of their own');

select * from finish();
rollback;
