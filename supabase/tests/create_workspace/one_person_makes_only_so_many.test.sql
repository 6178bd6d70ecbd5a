-- The cap counts what a person made, not what others made them a member of.
begin;
select plan(4);
select tests.world();
update goalpost_private.limits set max_workspaces_per_person = 2;

select tests.json_for('sam', 'select goalpost.create_workspace(''one'')');
select is(tests.refusal_for('sam', 'select goalpost.create_workspace(''two'')'), 'none', 'the second is within the cap');
select is(tests.refusal_for('sam', 'select goalpost.create_workspace(''three'')'), 'ZG006', 'the third is over it');
select is((select count(*)::integer from goalpost.workspaces where created_by = tests.id_of('sam')), 2, 'and was not made');
select is(tests.refusal_for('mia', 'select goalpost.create_workspace(''hers'')'), 'none', 'others have a cap of their own');

select * from finish();
rollback;
