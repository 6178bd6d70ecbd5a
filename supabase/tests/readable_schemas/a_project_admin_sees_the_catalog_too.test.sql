-- The schemas that a query may name: those of the workspace, and for project admins the catalog.
begin;
select plan(2);
select tests.world();

update goalpost.workspaces set readable_schemas = '{public,shop}' where id = tests.id_of('acme');
insert into goalpost.project_admins values (tests.id_of('olga'));
select is(goalpost_private.readable_schemas(tests.id_of('acme'), tests.id_of('mia')), array['public', 'shop'], 'a member may read the workspace''s schemas');
select is(goalpost_private.readable_schemas(tests.id_of('acme'), tests.id_of('olga')), array['public', 'shop', 'pg_catalog', 'information_schema'], 'a project admin may read the catalog schemas too');

select * from finish();
rollback;
