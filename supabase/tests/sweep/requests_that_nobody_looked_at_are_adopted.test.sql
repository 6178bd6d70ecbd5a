-- No wake, no intake: the sweep alone takes them up and rings.
begin;
select plan(3);
select tests.world();

select tests.value_for('mia', format('insert into goalpost.requests (workspace_id, question) values (%L, ''q'')', tests.id_of('acme')));
select is((goalpost_worker.sweep()) ->> 'requests_adopted', '1', 'adopted');
select is((goalpost_worker.sweep()) ->> 'requests_adopted', '0', 'once');
select is(tests.claim('assess') #>> '{0,context,question}', 'q', 'and ready for intake');

select * from finish();
rollback;
