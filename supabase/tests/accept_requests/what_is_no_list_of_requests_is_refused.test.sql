-- ZG003 for whatever is not an array of 1 to 1000 objects with a question; strangers are told nothing.
begin;
select plan(19);
select tests.world();

create function pg_temp.refusal(p_requests text, p_person text default 'mia') returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.accept_requests(%L, %L)', tests.id_of('acme'), p_requests)) $$;
select is(pg_temp.refusal('{}'), 'ZG003', 'an object');
select is(pg_temp.refusal('[]'), 'ZG003', 'nothing');
select is(pg_temp.refusal('null'), 'ZG003', 'null');
select is(pg_temp.refusal('["q"]'), 'ZG003', 'a text');
select is(pg_temp.refusal('[["question"]]'), 'ZG003', 'a list');
select is(pg_temp.refusal('[{}]'), 'ZG003', 'no question');
select is(pg_temp.refusal('[{"question": null}]'), 'ZG003', 'null as question');
select is(pg_temp.refusal('[{"question": 1}]'), 'ZG003', 'a number as question');
select is(pg_temp.refusal('[{"question": "q"}, {"question": "  "}]'), 'ZG003', 'an empty question among others');
select is(pg_temp.refusal(format('[{"question": "q"}, {"question": "%s"}]', repeat('x', 16001))), 'ZG003', 'one that is too long among others');
select is(pg_temp.refusal('[{"question": "q", "parameters": 1, "runbook": "table-overview"}]'), 'ZG003', 'parameters of a runbook that are no object');
select is(pg_temp.refusal('[{"question": "q", "idempotency_key": ""}]'), 'ZG003', 'an empty key');
select is(pg_temp.refusal('[{"question": "q", "context": null, "parameters": null}]'), 'none', 'null is none');
select is(pg_temp.refusal('[{"question": "q", "parameters": []}]'), 'ZG003', 'parameters that are no object');
select is(pg_temp.refusal('[{"question": "q", "context": "c"}]'), 'ZG003', 'a context that is no object');
select is(pg_temp.refusal('[{"question": "q", "runbook": "nowhere"}]'), 'ZG003', 'a runbook that is not there');
select is(pg_temp.refusal((select jsonb_agg('{"question": "q"}'::jsonb)::text from generate_series(1, 1001))), 'ZG003', 'too many');
select is(pg_temp.refusal('[{"question": "q"}]', 'sam'), 'ZG001', 'a stranger');
select is(pg_temp.refusal('[{"question": "q"}]', null), '42501', 'nobody');

select * from finish();
rollback;
