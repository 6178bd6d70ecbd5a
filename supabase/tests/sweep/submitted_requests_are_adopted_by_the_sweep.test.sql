-- Without a wake or intake, the sweep alone adopts them and sends a wake.
begin;
select plan(3);
select tests.world();

select tests.value_for('mia', format('insert into goalpost.requests (workspace_id, question) values (%L, ''q'')', tests.id_of('acme')));
select is((goalpost_worker.sweep()) ->> 'requests_adopted', '1', 'a submitted request is adopted by the sweep');
select is((goalpost_worker.sweep()) ->> 'requests_adopted', '0', 'a request is adopted only once');
select is(tests.claim('assess') #>> '{0,context,question}', 'q', 'the adopted request is ready for intake');

select * from finish();
rollback;
