-- That somebody is a project admin lets nobody else use what is theirs.
begin;
select plan(2);
select tests.world();

insert into goalpost.project_admins values (tests.id_of('olga'));
select is(goalpost_private.runbook_refusal(b, tests.id_of('olga')), null, 'the admin may') from goalpost.runbooks b where b.requires_project_admin limit 1;
select isnt(goalpost_private.runbook_refusal(b, tests.id_of('mia')), null, 'another may not') from goalpost.runbooks b where b.requires_project_admin limit 1;

select * from finish();
rollback;
