-- Reference data for all; operational data for project admins only; of project admins each sees only their own row.
begin;
select plan(8);
select tests.world();

insert into goalpost.project_admins values (tests.id_of('olga')), (tests.id_of('adam'));
select tests.ask();
select isnt(tests.value_for('sam', 'select count(*) from goalpost.runbooks where workspace_id is null'), '0', 'a signed-in person reads the built-in runbooks');
select isnt(tests.value_for('sam', 'select count(*) from goalpost.agents where workspace_id is null'), '0', 'a signed-in person reads the built-in agents');
select isnt(tests.value_for('sam', 'select count(*) from goalpost.tools'), '0', 'a signed-in person reads the built-in tools');
select is(tests.refusal_for(null, 'select count(*) from goalpost.tools'), '42501', 'anon may not read the tools');
select is(tests.value_for('olga', 'select count(*) from goalpost.wakes'), '1', 'a project admin reads the wakes');
select is(tests.value_for('mia', 'select count(*) from goalpost.wakes'), '0', 'a member who is no project admin reads no wakes');
select is(tests.value_for('olga', 'select count(*) from goalpost.project_admins'), '1', 'a project admin reads their own row only');
select is(tests.value_for('mia', 'select count(*) from goalpost.project_admins'), '0', 'a member reads no row of project admins');

select * from finish();
rollback;
