-- A later plan that repeats a writing call of an earlier one uses the same key, so that the call has one effect. Each
-- condition is broken once, alone.
begin;
select plan(16);
select tests.world();

select tests.set('other', tests.bare_run());
select tests.set('run', tests.bare_run());
create function pg_temp.step(p_run_id bigint, p_key text, p_revision integer) returns void language sql as $$
  select tests.bare_step(p_run_id, p_key, 'completed');
  update goalpost.steps set revision = p_revision where run_id = p_run_id and key = p_key $$;
create function pg_temp.call(p_run_id bigint, p_key text, p_number integer, p_idempotency_key text) returns void language sql as $$
  select tests.bare_call(p_run_id, p_key, p_number, 'done', '{"tool": "send"}');
  update goalpost.tool_calls set writes = true, idempotency_key = p_idempotency_key where run_id = p_run_id and step_key = p_key and number = p_number $$;
-- The key that a call of step `new` gets, after a change that is undone.
create function pg_temp.key(p_change text default 'select', p_writes boolean default true) returns text language plpgsql as $$
declare
  v_call goalpost.tool_calls;
  v_key text;
begin
  execute p_change;
  v_call.run_id := tests.get('run');
  v_call.writes := p_writes;
  v_call.tool := 'send';
  v_call.arguments_hash := tests.hash('{}');
  v_key := goalpost_private.key_of_earlier_plan(tests.step(tests.get('run'), 'new'), v_call);
  raise exception using errcode = 'TT001';
exception when sqlstate 'TT001' then
  return coalesce(v_key, 'none');
end
$$;
select pg_temp.step(tests.get('run'), 'old', 1);
select pg_temp.call(tests.get('run'), 'old', 1, 'K');
select pg_temp.step(tests.get('run'), 'new', 2);
select tests.set('here', format('where run_id = %s and step_key = ''old''', tests.get('run')));
select is(pg_temp.key(), 'K', 'the same writing call of the plan before gives its key');
select is(pg_temp.key(p_writes => false), 'none', 'a call that only reads has a key of its own');
select is(pg_temp.key(format('update goalpost.tool_calls set writes = false %s', tests.kept('here'))), 'none', 'an earlier call that only read gives no key');
select is(pg_temp.key(format('update goalpost.tool_calls set state = ''denied'', result = null %s', tests.kept('here'))), 'none', 'a denied earlier call gives no key');
select is(pg_temp.key(format('update goalpost.tool_calls set tool = ''mail'' %s', tests.kept('here'))), 'none', 'an earlier call of another tool gives no key');
select is(pg_temp.key(format('update goalpost.tool_calls set arguments_hash = ''h'' %s', tests.kept('here'))), 'none', 'an earlier call with other arguments gives no key');
select is(pg_temp.key(format('update goalpost.steps set revision = 3 where run_id = %s and key = ''old''', tests.get('run'))), 'none', 'a call of a later plan gives no key');
select is(pg_temp.key(format('update goalpost.steps set revision = revision - 1 where run_id = %s', tests.get('run'))), 'none', 'the first plan finds no earlier key');
select is(pg_temp.key(format('select pg_temp.call(%s, ''new'', 7, ''K'')', tests.get('run'))), 'none', 'a key already used by this plan is not used twice');
select is(pg_temp.key(format('delete from goalpost.tool_calls %s', tests.kept('here'))), 'none', 'without an earlier call there is no key');

-- Another run has steps and calls of the same names.
select pg_temp.step(tests.get('other'), 'old', 2);
select pg_temp.call(tests.get('other'), 'old', 1, 'K');
select is(pg_temp.key(), 'K', 'a key used by another run does not count as used here');
select pg_temp.step(tests.get('other'), 'older', 1);
select pg_temp.call(tests.get('other'), 'older', 1, 'of another run');
select is(pg_temp.key(format('delete from goalpost.tool_calls %s', tests.kept('here'))), 'none', 'a call of another run gives no key');
select is(pg_temp.key(format('update goalpost.tool_calls set arguments_hash = ''h'' %s', tests.kept('here'))), 'none', 'another run''s call gives no key, even for an equal step key');

-- Several earlier plans.
select pg_temp.step(tests.get('run'), 'first', 0);
select pg_temp.call(tests.get('run'), 'first', 1, 'L');
update goalpost.tool_calls set created_at = created_at - interval '1 day' where run_id = tests.get('run') and step_key = 'first';
select is(pg_temp.key(), 'K', 'of two plans before, the later one gives its key');
select is(pg_temp.key(format('select pg_temp.call(%s, ''new'', 7, ''K'')', tests.get('run'))), 'L', 'a second call of this plan uses the key before that');
select is(pg_temp.key(format('update goalpost.tool_calls set tool = ''mail'' %s', tests.kept('here'))), 'L', 'a call missing in the later plan uses the plan before');

select * from finish();
rollback;
