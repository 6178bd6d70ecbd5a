-- And sees it; a name is needed.
begin;
select plan(7);
select tests.world();

select tests.set('answer', tests.json_for('sam', 'select goalpost.create_workspace(''  New  '')')::text);
select is(tests.value_for('sam', format('select name from goalpost.workspaces where id = %L', tests.kept('answer')::jsonb ->> 'workspace_id')), 'New', 'sam sees it, trimmed');
select is((select role from goalpost.members where workspace_id = (tests.kept('answer')::jsonb ->> 'workspace_id')::uuid and user_id = tests.id_of('sam')), 'owner', 'and owns it');
select is(tests.value_for('mia', format('select count(*) from goalpost.workspaces where id = %L', tests.kept('answer')::jsonb ->> 'workspace_id')), '0', 'mia does not see it');
select is(tests.refusal_for('sam', 'select goalpost.create_workspace('' '')'), 'ZG003', 'no name');
select is(tests.refusal_for('sam', 'select goalpost.create_workspace(null)'), 'ZG003', 'none at all');
select is(tests.refusal_for('sam', 'select goalpost.create_workspace(repeat(''x'', 201))'), 'ZG003', 'too much of one');
select is(tests.refusal('select goalpost.create_workspace(''x'')'), 'ZG002', 'nobody');

select * from finish();
rollback;
