-- ZG003 for any value that is not an array of 1 to 1000 objects with a question; strangers get ZG001.
begin;
select plan(19);
select tests.world();

create function pg_temp.refusal(p_requests text, p_person text default 'mia') returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.accept_requests(%L, %L)', tests.id_of('acme'), p_requests)) $$;
select is(pg_temp.refusal('{}'), 'ZG003', 'an object in place of a list is refused');
select is(pg_temp.refusal('[]'), 'ZG003', 'an empty list of requests is refused');
select is(pg_temp.refusal('null'), 'ZG003', 'null in place of a list is refused');
select is(pg_temp.refusal('["q"]'), 'ZG003', 'a list that contains a text is refused');
select is(pg_temp.refusal('[["question"]]'), 'ZG003', 'a list that contains a list is refused');
select is(pg_temp.refusal('[{}]'), 'ZG003', 'a request without a question is refused');
select is(pg_temp.refusal('[{"question": null}]'), 'ZG003', 'null as a question is refused');
select is(pg_temp.refusal('[{"question": 1}]'), 'ZG003', 'a number as a question is refused');
select is(pg_temp.refusal('[{"question": "q"}, {"question": "  "}]'), 'ZG003', 'an empty question among others is refused');
select is(pg_temp.refusal(format('[{"question": "q"}, {"question": "%s"}]', repeat('x', 16001))), 'ZG003', 'a question that is too long among others is refused');
select is(pg_temp.refusal('[{"question": "q", "parameters": 1, "runbook": "table-overview"}]'), 'ZG003', 'parameters of a runbook that are no object are refused');
select is(pg_temp.refusal('[{"question": "q", "idempotency_key": ""}]'), 'ZG003', 'an empty idempotency key is refused');
select is(pg_temp.refusal('[{"question": "q", "context": null, "parameters": null}]'), 'none', 'null as context and parameters is accepted');
select is(pg_temp.refusal('[{"question": "q", "parameters": []}]'), 'ZG003', 'parameters that are no object are refused');
select is(pg_temp.refusal('[{"question": "q", "context": "c"}]'), 'ZG003', 'a context that is no object is refused');
select is(pg_temp.refusal('[{"question": "q", "runbook": "nowhere"}]'), 'ZG003', 'a runbook that does not exist is refused');
select is(pg_temp.refusal((select jsonb_agg('{"question": "q"}'::jsonb)::text from generate_series(1, 1001))), 'ZG003', 'a list of 1001 requests is refused');
select is(pg_temp.refusal('[{"question": "q"}]', 'sam'), 'ZG001', 'a stranger may not make a list of requests');
select is(pg_temp.refusal('[{"question": "q"}]', null), '42501', 'anon may not call accept_requests');

select * from finish();
rollback;
