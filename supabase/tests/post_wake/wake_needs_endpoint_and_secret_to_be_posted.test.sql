-- The row of the wake is written all the same: schedules find the work.
begin;
select plan(4);
select tests.world();

select tests.set('queued', (select count(*) from net.http_request_queue));
select tests.ask();
select is((select count(*) from net.http_request_queue), tests.get('queued'), 'without endpoint and secret nothing is posted');
select vault.create_secret('whsec_b3RoZXI', 'goalpost_webhook_' || tests.id_of('acme'));
select goalpost_private.set_endpoint('intake', 'http://127.0.0.1:9/intake', 10, 8);
delete from goalpost.wakes;
select tests.ask();
select is((select count(*) from net.http_request_queue), tests.get('queued'), 'without a wake secret nothing is posted, whatever else Vault has');
select is(tests.wake_count('intake'), 1::bigint, 'a wake without a post is on record');
select vault.create_secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'goalpost_wake_secret');
delete from goalpost_private.endpoints;
delete from goalpost.wakes;
select tests.ask();
select is((select count(*) from net.http_request_queue), tests.get('queued'), 'without an endpoint nothing is posted');

select * from finish();
rollback;
