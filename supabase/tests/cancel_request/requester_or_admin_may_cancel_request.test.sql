-- Another member and a stranger may not.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.ask('petra'));
select tests.set('request', (tests.request_of(tests.get('run'))).id);
select is(tests.refusal_for('mia', format('select goalpost.cancel_request(%s)', tests.get('request'))), 'ZG002', 'another member may not cancel the request');
select is(tests.refusal_for('sam', format('select goalpost.cancel_request(%s)', tests.get('request'))), 'ZG001', 'a stranger cannot see the request to cancel');
select is(tests.refusal_for('mia', 'select goalpost.cancel_request(-1)'), 'ZG001', 'a request that does not exist is refused like an invisible one');
select is((tests.request_of(tests.get('run'))).state, 'accepted', 'refused cancels leave the request accepted');
select is(tests.refusal_for('adam', format('select goalpost.cancel_request(%s)', tests.get('request'))), 'none', 'an admin may cancel the request');

select * from finish();
rollback;
