-- Capabilities that one worker learned of a server are sent with the next call to that server, for some days.
begin;
select plan(14);
select tests.world();

create function pg_temp.asks(p_more jsonb default '{}') returns jsonb language sql as $$
  select goalpost_worker.begin_turn(tests.get('run'), 'a', 1,
    tests.ask_of(gen_random_uuid()::text, '{"endpoint": "https://models.example/v1"}' || p_more))
$$;
create function pg_temp.learns(p_number integer, p_capabilities jsonb) returns jsonb language sql as $$
  select tests.model_answers(tests.get('run'), p_number, '[]', jsonb_build_object(
    'answer', '{"text": "reply"}'::jsonb,
    'learned', jsonb_build_object('endpoint', 'https://models.example/v1', 'capabilities', p_capabilities)))
$$;

select tests.set('run', tests.agent_at_work());
select is(pg_temp.asks(), '{"number": 1}', 'an unknown server has no capabilities');
select pg_temp.learns(1, '{"output_format": "json_object", "max_output_tokens": 16384}');
select is(pg_temp.asks(), '{"number": 2, "capabilities": {"output_format": "json_object", "max_output_tokens": 16384}}',
          'the next call to the same server gets the learned capabilities');
select is(tests.asks_model(tests.get('run')), '{"number": 3}', 'a call that names no endpoint gets no capabilities');
select is(pg_temp.asks('{"model": "another"}') -> 'capabilities', null, 'another model of the same server has its own row');
select is(pg_temp.asks('{"endpoint": "https://other.example"}') -> 'capabilities', null, 'another server of the same model has its own row');
select is(pg_temp.asks('{"provider": "anthropic"}') -> 'capabilities', null, 'another protocol at the same address has its own row');

select pg_temp.asks();
select pg_temp.learns(7, '{"output_format": "prompt", "limit_parameter": "max_completion_tokens", "context_tokens": 8192, "reasons_with_tools": false}');
select is(pg_temp.asks() -> 'capabilities',
          '{"output_format": "prompt", "limit_parameter": "max_completion_tokens", "max_output_tokens": 16384, "context_tokens": 8192, "reasons_with_tools": false}',
          'later capabilities correct and complete earlier ones');

select tests.advance_clock('6 days 23 hours');
select isnt(pg_temp.asks() -> 'capabilities', null, 'capabilities are sent within their lifetime');
select tests.advance_clock('2 hours');
select is(pg_temp.asks() -> 'capabilities', null, 'capabilities expire as a whole after their lifetime');
select pg_temp.learns(10, '{"max_output_tokens": 4096}');
select is(pg_temp.asks() -> 'capabilities', '{"max_output_tokens": 4096}', 'expired capabilities are replaced as a whole');

select tests.model_answers(tests.get('run'), 11, '[]', '{"error": {"code": "e", "message": "m"}, "charged": "no",
  "learned": {"endpoint": "https://slow.example", "capabilities": {"context_tokens": 100}}}');
select is((select count(*) from goalpost_private.model_capabilities), 2::bigint, 'capabilities of a failed call are recorded');
select tests.advance_clock('8 days');
select pg_temp.asks();
select pg_temp.learns(12, '{"max_output_tokens": "many", "context_tokens": 0, "output_format": "xml", "reasons_with_tools": null}');
select is((select array_agg(c.endpoint) from goalpost_private.model_capabilities c), '{https://models.example/v1}', 'expired rows are deleted at the next recording');
select is(pg_temp.asks() -> 'capabilities', '{}', 'values of a wrong type are skipped');
select throws_ok($$ select pg_temp.asks(jsonb_build_object('endpoint', repeat('x', 301))) $$, 'ZG003', null, 'an endpoint has at most 300 characters');

select * from finish();
rollback;
