-- The body has the shape of a Supabase database webhook: ids and counts, no content; the time limit is one second.
begin;
select plan(8);
select tests.world();

-- Vault contains other secrets too, older and newer ones.
select vault.create_secret('whsec_b3RoZXI', 'goalpost_webhook_' || tests.id_of('acme'));
select vault.create_secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw whsec_b2xk', 'goalpost_wake_secret');
select vault.create_secret('a password', 'goalpost_mcp_1');
select goalpost_private.set_endpoint('planner', 'http://127.0.0.1:9/planner', 10, 8);
select tests.set('run', tests.goal());
create temp table posted as
select method, url, headers, convert_from(body, 'UTF8') as body, timeout_milliseconds from net.http_request_queue where url = 'http://127.0.0.1:9/planner';
select tests.set('wake', (select id from goalpost.wakes where function = 'planner'));

select is((select count(*) from posted), 1::bigint, 'one request is posted for the wake');
select is((select method::text from posted), 'POST', 'the wake is sent as a POST request');
select is((select timeout_milliseconds from posted), 1000, 'the request has a time limit of one second');
select is((select body::jsonb from posted), jsonb_build_object('type', 'INSERT', 'table', 'wakes', 'schema', 'goalpost', 'old_record', null,
  'record', jsonb_build_object('id', tests.get('wake'), 'function', 'planner', 'ready_count', 1)), 'the body has the wake''s id, function and count');
select is((select headers ->> 'content-type' from posted), 'application/json', 'the content type of the request is JSON');
select is((select headers ->> 'webhook-id' from posted), 'wake_' || tests.get('wake'), 'the webhook id is that of the wake');
select is((select headers ->> 'webhook-timestamp' from posted), '1893499200', 'the timestamp is that of the database''s clock');
select is((select headers ->> 'webhook-signature' from posted),
  'v1,' || (select encode(extensions.hmac(convert_to('wake_' || tests.get('wake') || '.1893499200.' || body, 'UTF8'), decode('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'), 'sha256'), 'base64') from posted),
  'the signature covers the sent bytes, with the newest secret');

select * from finish();
rollback;
