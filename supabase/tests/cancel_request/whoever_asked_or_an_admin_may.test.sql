-- Not another member, not a stranger.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.ask('petra'));
select tests.set('request', (tests.request_of(tests.get('run'))).id);
select is(tests.refusal_for('mia', format('select goalpost.cancel_request(%s)', tests.get('request'))), 'ZG002', 'another member');
select is(tests.refusal_for('sam', format('select goalpost.cancel_request(%s)', tests.get('request'))), 'ZG001', 'a stranger');
select is(tests.refusal_for('mia', 'select goalpost.cancel_request(-1)'), 'ZG001', 'no such request: the same');
select is((tests.request_of(tests.get('run'))).state, 'accepted', 'it is as it was');
select is(tests.refusal_for('adam', format('select goalpost.cancel_request(%s)', tests.get('request'))), 'none', 'an admin');

select * from finish();
rollback;
