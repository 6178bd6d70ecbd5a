-- Reference data; operations only for operators; one's own admin row and nobody else's.
begin;
select plan(8);
select tests.world();

insert into goalpost.project_admins values (tests.id_of('olga')), (tests.id_of('adam'));
select tests.ask();
select isnt(tests.value_for('sam', 'select count(*) from goalpost.runbooks where workspace_id is null'), '0', 'runbooks');
select isnt(tests.value_for('sam', 'select count(*) from goalpost.agents where workspace_id is null'), '0', 'agents');
select isnt(tests.value_for('sam', 'select count(*) from goalpost.tools'), '0', 'tools');
select is(tests.refusal_for(null, 'select count(*) from goalpost.tools'), '42501', 'not for those who are not');
select is(tests.value_for('olga', 'select count(*) from goalpost.wakes'), '1', 'operators see wakes');
select is(tests.value_for('mia', 'select count(*) from goalpost.wakes'), '0', 'others do not');
select is(tests.value_for('olga', 'select count(*) from goalpost.project_admins'), '1', 'an operator sees their own row');
select is(tests.value_for('mia', 'select count(*) from goalpost.project_admins'), '0', 'others none');

select * from finish();
rollback;
