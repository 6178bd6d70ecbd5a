-- A viewer may not make requests, a stranger cannot see the workspace, and anonymous callers are refused.
begin;
select plan(5);
select tests.world();

select is(tests.refusal_for('vera', format('select goalpost.accept_request(%L, ''q'')', tests.id_of('acme'))), 'ZG002', 'a viewer may not make a request');
select is(tests.refusal_for('sam', format('select goalpost.accept_request(%L, ''q'')', tests.id_of('acme'))), 'ZG001', 'a stranger cannot see the workspace of a request');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''q'')', tests.id_of('nowhere'))), 'ZG001', 'a workspace that does not exist is refused like an invisible one');
select is(tests.refusal(format('select goalpost.accept_request(%L, ''q'')', tests.id_of('acme'))), 'ZG002', 'a caller without claims is refused');
select is(tests.refusal_for(null, format('select goalpost.accept_request(%L, ''q'')', tests.id_of('acme'))), '42501', 'anon may not call accept_request');

select * from finish();
rollback;
