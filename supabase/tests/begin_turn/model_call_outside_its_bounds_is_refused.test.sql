-- A model call names purpose, provider and model, has a hash, and bounds its tokens in and out.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
create function pg_temp.ask(p_more jsonb) returns text language sql as $$
  select tests.refusal(format('select goalpost_worker.begin_turn(%s, ''a'', 1, %L)', tests.get('run'), tests.ask_of('q') || p_more)) $$;

select is(pg_temp.ask(m), 'ZG003', 'a model call with ' || m::text || ' is refused') from unnest(array[
  '{"purpose": "chat"}', '{"purpose": null}', '{"provider": ""}', '{"provider": null}', '{"model": ""}', '{"request_hash": "abc"}', '{"request_hash": null}',
  '{"max_input_tokens": "100"}', '{"max_input_tokens": null}', '{"max_input_tokens": -1}', '{"max_input_tokens": 1000000001}',
  '{"max_output_tokens": "100"}', '{"max_output_tokens": null}', '{"max_output_tokens": 0}', '{"max_output_tokens": 1000000001}']::jsonb[]) m;
select is(pg_temp.ask(jsonb_build_object('provider', repeat('p', 201))), 'ZG003', 'a model call with a provider of 201 letters is refused');
select is(pg_temp.ask(jsonb_build_object('model', repeat('m', 201))), 'ZG003', 'a model call with a model of 201 letters is refused');
select is(pg_temp.ask(jsonb_build_object('request_hash', upper(tests.hash('q')))), 'ZG003', 'a hash in upper case is refused');
select is(tests.turns(tests.get('run')), null, 'no refused model call leaves a row');
select is(pg_temp.ask(m), 'none', 'a model call with ' || m::text || ' is allowed') from unnest(array[
  '{"purpose": "assess"}', '{"purpose": "plan"}', '{"purpose": "judge"}', '{"purpose": "repair"}', '{"purpose": "compact"}',
  '{"max_input_tokens": 0}', '{"max_output_tokens": 1}', '{"max_input_tokens": 1000000000, "max_output_tokens": 1000000000}']::jsonb[]) m;
select is(pg_temp.ask(jsonb_build_object('provider', repeat('p', 200), 'model', repeat('m', 200))), 'none', 'names of 200 letters are allowed');

select * from finish();
rollback;
