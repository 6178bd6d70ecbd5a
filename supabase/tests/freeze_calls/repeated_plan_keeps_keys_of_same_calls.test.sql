-- A later plan that repeats a call of an earlier one uses the same idempotency key; a person decides where the tool
-- ignores keys.
begin;
select plan(16);
select tests.world();

insert into goalpost.tools (name, description, parameters, idempotent, writes) values ('keyed', 'k', '{}', true, true), ('once', 'o', '{}', false, true);
create function pg_temp.tool(p_tool text) returns jsonb language sql as $$ select jsonb_build_object('input', jsonb_build_object('tool', p_tool, 'arguments', '{}'::jsonb)) $$;
create function pg_temp.frozen(p_key text, p_arguments jsonb) returns jsonb language plpgsql as $$
begin
  perform tests.start(tests.get('run'), p_key);
  return goalpost_worker.freeze_calls(tests.get('run'), p_key, 1, jsonb_build_array(jsonb_build_object(
    'call_id', 'tool', 'tool', (tests.step(tests.get('run'), p_key)).input -> 'tool', 'arguments', p_arguments))) #> '{calls,0}';
end
$$;
create function pg_temp.keyed(p_key text) returns text language sql as $$ select format('%s/%s/%s', tests.id_of('acme'), tests.get('run'), p_key) $$;
select tests.set('run', tests.planned('a, b, c, d, once1, again1, again2, other, more, once2, once3, once4, get1, get2, post1, post2, odd1, odd2, idle1, idle2', jsonb_build_object('a', pg_temp.tool('keyed'), 'b', pg_temp.tool('keyed'), 'c', pg_temp.tool('keyed'),
  'd', pg_temp.tool('keyed'), 'once1', pg_temp.tool('once'), 'again1', pg_temp.tool('keyed'), 'again2', pg_temp.tool('keyed'), 'other', pg_temp.tool('keyed'), 'more', pg_temp.tool('keyed'),
  'once2', pg_temp.tool('once'), 'once3', pg_temp.tool('once'), 'once4', pg_temp.tool('once'),
  'get1', pg_temp.tool('http'), 'get2', pg_temp.tool('http'), 'post1', pg_temp.tool('http'), 'post2', pg_temp.tool('http'),
  'odd1', pg_temp.tool('once'), 'odd2', pg_temp.tool('once'), 'idle1', pg_temp.tool('once'), 'idle2', pg_temp.tool('once'))));
update goalpost.steps set revision = 2 where run_id = tests.get('run') and key in ('again1', 'again2', 'other', 'more', 'once2', 'once3', 'get2', 'post2', 'odd2', 'idle2');
update goalpost.steps set revision = 3 where run_id = tests.get('run') and key = 'once4';

select is(pg_temp.frozen('a', '{"n": 1}') ->> 'idempotency_key', pg_temp.keyed('a'), 'a call of a first plan has the key of its step');
select is(pg_temp.frozen('b', '{"n": 1}') ->> 'idempotency_key', pg_temp.keyed('b'), 'the same call in another step has that step''s key');
select is(pg_temp.frozen('again1', '{"n": 1}') ->> 'idempotency_key', pg_temp.keyed('a'), 'the same call of a later plan has the first call''s key');
select is(pg_temp.frozen('again2', '{"n": 1}') ->> 'idempotency_key', pg_temp.keyed('b'), 'the second same call of a later plan has the second key');
select is(pg_temp.frozen('other', '{"n": 2}') ->> 'idempotency_key', pg_temp.keyed('other'), 'a call with other arguments has a key of its own');
select is(pg_temp.frozen('more', '{"n": 1}') ->> 'idempotency_key', pg_temp.keyed('more'), 'a call beyond the earlier ones has its own key');

select is(pg_temp.frozen('once1', '{"n": 1}') ->> 'state', 'intended', 'a first plan''s call without a key is intended');
select goalpost_worker.begin_calls(tests.get('run'), 'once1', 1, '{1}');
select is((select (c ->> 'state', c ->> 'rule')::text from pg_temp.frozen('once2', '{"n": 1}') c), '(waiting,repeats)', 'a later plan that repeats it waits for approval');
select is((tests.approval_of(tests.get('run'), 'once2')).kind, 'tool_call', 'the approval of the repeated call is requested');
select is(pg_temp.frozen('once3', '{"n": 2}') ->> 'state', 'intended', 'a call with other arguments is no repetition');
select is(goalpost_private.repeats_a_call(tests.step(tests.get('run'), 'once1'), tests.the_call(tests.get('run'), 'once1')), false, 'a call that is decided again does not repeat itself');

-- Earlier calls of a tool that does not recognise repetitions.
create function pg_temp.again(p_first text, p_second text, p_arguments jsonb) returns text language plpgsql as $$
begin
  perform pg_temp.frozen(p_first, p_arguments);
  perform goalpost_worker.begin_calls(tests.get('run'), p_first, 1, '{1}');
  return pg_temp.frozen(p_second, p_arguments) ->> 'state';
end
$$;
select is(pg_temp.again('get1', 'get2', '{"method": "GET", "url": "https://a.test/"}'), 'intended', 'a repeated GET is intended, since it changes nothing');
select is(pg_temp.again('post1', 'post2', '{"method": "POST", "url": "https://a.test/"}'), 'waiting', 'a repeated POST waits for approval');
select is(pg_temp.again('odd1', 'odd2', '{"method": "GET"}'), 'waiting', 'arguments that look like a GET do not exempt other tools');
select pg_temp.frozen('idle1', '{"n": 5}');
select is(pg_temp.frozen('idle2', '{"n": 5}') ->> 'state', 'intended', 'a call that was never begun is not repeated');

update goalpost.tools set idempotent = true where name = 'once';
select is(pg_temp.frozen('once4', '{"n": 1}') ->> 'state', 'intended', 'a tool that became idempotent does not wait');

select * from finish();
rollback;
