-- Money comes from project admins: by a grant, or by the default for new workspaces, within each person's share.
begin;
select plan(14);
select tests.world();
select tests.price();
select tests.person('oscar');
insert into goalpost.project_admins values (tests.id_of('oscar'));
create function pg_temp.make(p_person text) returns uuid language sql
as $$ select (tests.json_for(p_person, 'select goalpost.create_workspace(''new'')') ->> 'workspace_id')::uuid $$;
create function pg_temp.month(p_workspace uuid) returns text language sql
as $$ select concat_ws(' ', w.workspace_month_microusd, w.granted_month_microusd, w.workspace_month_tokens, w.granted_month_tokens) from goalpost.workspaces w where w.id = p_workspace $$;

select tests.set('first', pg_temp.make('sam')::text);
select is(pg_temp.month(tests.kept('first')::uuid), '0 0 0 0', 'a new workspace may spend nothing');
select is(tests.refusal_for('sam', format('select goalpost.set_workspace_limits(%L, ''{"workspace_month_microusd": 1}'')', tests.kept('first'))), 'ZG003', 'the owner of a new workspace cannot give it money');
select is(tests.refusal_for('sam', format('select goalpost.set_workspace_limits(%L, ''{"user_day_microusd": 1000000}'')', tests.kept('first'))), 'none', 'the owner of a new workspace can set other caps');
select is(tests.refusal_for('sam', 'select goalpost.set_project_limits(''{"new_workspace_month_microusd": 1}'')'), 'ZG002', 'the owner of a new workspace cannot set the project''s limits');

select tests.json_for('oscar', 'select goalpost.set_project_limits(''{"new_workspace_month_microusd": 500, "new_workspace_month_tokens": 50, "person_month_microusd": 800, "person_month_tokens": 1000}'')');
select is(pg_temp.month(pg_temp.make('sam')), '500 500 50 50', 'a new workspace has what the project gives');
select is(pg_temp.month(pg_temp.make('sam')), '300 300 50 50', 'the next workspace has the rest of the person''s share');
select is(pg_temp.month(pg_temp.make('sam')), '0 0 50 50', 'a further workspace of that person has no money');
select is(pg_temp.month(pg_temp.make('mia')), '500 500 50 50', 'another person has a share of their own');
select is(pg_temp.month(pg_temp.make('oscar')), '250000000 1000000000 1000000000 10000000000', 'a workspace that a project admin makes has the defaults');

select is(tests.refusal_for('oscar', format('select goalpost.set_project_limits(%L)', l)), 'ZG003', format('limits %s are refused', l)) from unnest(array['{"max_steps": 1}', '{"person_month_microusd": -1}', '{"workspaces_by_anyone": 1}']) l;
select tests.json_for('oscar', 'select goalpost.set_project_limits(''{"workspaces_by_anyone": false}'')');
select is(tests.refusal_for('mia', 'select goalpost.create_workspace(''x'')'), 'ZG002', 'people make no workspaces where that is closed');
select is(tests.refusal_for('oscar', 'select goalpost.create_workspace(''x'')'), 'none', 'project admins may make workspaces when people may not');

select * from finish();
rollback;
