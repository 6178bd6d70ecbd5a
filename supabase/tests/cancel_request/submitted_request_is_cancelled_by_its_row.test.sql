-- The request was inserted directly and has no run yet: intake does not adopt it any more.
begin;
select plan(2);
select tests.world();

select tests.set('request', tests.value_for('mia', format('insert into goalpost.requests (workspace_id, question) values (%L, ''q'') returning id', tests.id_of('acme'))));
select is(tests.json_for('mia', format('select goalpost.cancel_request(%s)', tests.get('request'))) ->> 'state', 'cancelled', 'a submitted request is cancelled');
select is(tests.claim('assess'), '[]', 'a cancelled request is not adopted');

select * from finish();
rollback;
