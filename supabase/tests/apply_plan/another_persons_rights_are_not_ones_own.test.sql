-- A project admin's right applies to that person alone.
begin;
select plan(2);
select tests.world();

insert into goalpost.project_admins values (tests.id_of('olga'));
select is(goalpost_private.runbook_refusal(b, tests.id_of('olga')), null, 'a project admin may use a runbook for project admins') from goalpost.runbooks b where b.requires_project_admin limit 1;
select isnt(goalpost_private.runbook_refusal(b, tests.id_of('mia')), null, 'another person may not use a runbook for project admins') from goalpost.runbooks b where b.requires_project_admin limit 1;

select * from finish();
rollback;
