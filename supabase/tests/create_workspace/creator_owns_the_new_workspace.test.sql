-- The creator sees it; a name is required.
begin;
select plan(7);
select tests.world();

select tests.set('answer', tests.json_for('sam', 'select goalpost.create_workspace(''  New  '')')::text);
select is(tests.value_for('sam', format('select name from goalpost.workspaces where id = %L', tests.kept('answer')::jsonb ->> 'workspace_id')), 'New', 'the creator sees the workspace under its trimmed name');
select is((select role from goalpost.members where workspace_id = (tests.kept('answer')::jsonb ->> 'workspace_id')::uuid and user_id = tests.id_of('sam')), 'owner', 'the creator is the owner of the workspace');
select is(tests.value_for('mia', format('select count(*) from goalpost.workspaces where id = %L', tests.kept('answer')::jsonb ->> 'workspace_id')), '0', 'another person does not see the workspace');
select is(tests.refusal_for('sam', 'select goalpost.create_workspace('' '')'), 'ZG003', 'a name of spaces is refused');
select is(tests.refusal_for('sam', 'select goalpost.create_workspace(null)'), 'ZG003', 'a name that is null is refused');
select is(tests.refusal_for('sam', 'select goalpost.create_workspace(repeat(''x'', 201))'), 'ZG003', 'a name of 201 characters is refused');
select is(tests.refusal('select goalpost.create_workspace(''x'')'), 'ZG002', 'a caller without claims may not create a workspace');

select * from finish();
rollback;
