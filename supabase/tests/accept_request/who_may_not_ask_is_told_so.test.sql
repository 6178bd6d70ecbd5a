-- A viewer may not, a stranger does not even see the workspace, and nobody has to sign in.
begin;
select plan(5);
select tests.world();

select is(tests.refusal_for('vera', format('select goalpost.accept_request(%L, ''q'')', tests.id_of('acme'))), 'ZG002', 'a viewer');
select is(tests.refusal_for('sam', format('select goalpost.accept_request(%L, ''q'')', tests.id_of('acme'))), 'ZG001', 'a stranger');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''q'')', tests.id_of('nowhere'))), 'ZG001', 'a workspace that is none: the same');
select is(tests.refusal(format('select goalpost.accept_request(%L, ''q'')', tests.id_of('acme'))), 'ZG002', 'nobody');
select is(tests.refusal_for(null, format('select goalpost.accept_request(%L, ''q'')', tests.id_of('acme'))), '42501', 'anon may not even call it');

select * from finish();
rollback;
