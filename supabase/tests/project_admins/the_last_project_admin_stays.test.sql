-- The first project admin is added by the owner of the database.
begin;
select plan(12);
select tests.world();
select tests.person('oscar');
select tests.person('nora');
select is(tests.refusal_for('oscar', 'select goalpost.add_project_admin(''oscar@tests.example'')'), 'ZG002', 'a person cannot make themselves the first project admin');
insert into goalpost.project_admins values (tests.id_of('oscar'), '2029-01-01');
select is(tests.refusal_for('oscar', 'select goalpost.remove_project_admin(''oscar@tests.example'')'), 'ZG004', 'the last one cannot remove themselves');
select is(tests.json_for('oscar', 'select goalpost.add_project_admin('' Nora@tests.example '')') ->> 'user_id', tests.id_of('nora')::text, 'a project admin adds another by e-mail address');
select is(tests.json_for('oscar', format('select goalpost.add_project_admin(%L)', tests.id_of('nora'))) ->> 'user_id', tests.id_of('nora')::text, 'adding a project admin again changes nothing');
select is((select count(*) from goalpost.project_admins), 2::bigint, 'two project admins exist after adding one twice');
select is(tests.json_for('nora', 'select goalpost.read_project_admins()') #>> '{0,email}', 'oscar@tests.example', 'project admins see each other');
select is(tests.refusal_for('mia', 'select goalpost.read_project_admins()'), 'ZG002', 'a member does not see the project admins');
select is(tests.refusal_for('nora', 'select goalpost.add_project_admin(''absent@tests.example'')'), 'ZG001', 'an address without an account is refused');
select is(tests.refusal_for('nora', 'select goalpost.add_project_admin(null)'), 'ZG001', 'null as a person is refused');
select is(tests.refusal_for('mia', format('select goalpost.add_project_admin(%L)', tests.id_of('mia'))), 'ZG002', 'a member cannot add themselves');
select is(tests.json_for('nora', format('select goalpost.remove_project_admin(%L)', tests.id_of('oscar'))) ->> 'user_id', tests.id_of('oscar')::text, 'one of two project admins can be removed');
select is(tests.refusal_for('oscar', 'select goalpost.read_project_admins()'), 'ZG002', 'a removed project admin is none');

select * from finish();
rollback;
