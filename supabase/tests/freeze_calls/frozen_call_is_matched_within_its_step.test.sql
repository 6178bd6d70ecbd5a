-- A call is matched by its call_id, within the step and among calls that belong to no turn. Another step, another run
-- and a turn have calls of the same call_id and number.
begin;
select plan(8);
select tests.world();

insert into goalpost.tools (name, description, parameters, idempotent, writes) values ('keyed', 'k', '{}', true, true);
select tests.policy_decides('allow');
select tests.set('other', tests.planned('a'));
select tests.bare_call(tests.get('other'), 'a', 1, 'failed', '{"call_id": "one"}');
select tests.set('run', tests.planned('a, b'));
select tests.bare_call(tests.get('run'), 'b', 1, 'failed', '{"call_id": "one"}');
select tests.bare_call(tests.get('run'), 'a', 1, 'failed', '{"call_id": "two", "turn_number": 1}');
update goalpost.tool_calls set attempt = 0 where run_id in (tests.get('run'), tests.get('other'));
select tests.start(tests.get('run'), 'a');
create function pg_temp.frozen(p_calls text) returns text language sql as $$
  select string_agg(concat_ws(':', c ->> 'number', c ->> 'call_id', c ->> 'state'), ' ' order by (c ->> 'number')::integer)
    from jsonb_array_elements(goalpost_worker.freeze_calls(tests.get('run'), 'a', 1, p_calls::jsonb) -> 'calls') c $$;

select is(pg_temp.frozen('[{"call_id": "one", "tool": "keyed"}]'), '2:one:intended', 'calls of other steps and runs with that call_id do not match');
select is(pg_temp.frozen('[{"call_id": "two", "tool": "keyed"}]'), '3:two:intended', 'a turn''s call with that call_id does not match');
select is(pg_temp.frozen('[{"call_id": "two", "tool": "keyed"}, {"call_id": "three", "tool": "keyed"}]'), '3:two:intended 4:three:intended',
          'only the new call of a repeated list is added');
select is((select c.state from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key = 'a' and c.number = 1), 'failed', 'the call of a turn is not decided again');
select is((select c.state from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key = 'b'), 'failed', 'the call of another step is not decided again');
select is((select c.state from goalpost.tool_calls c where c.run_id = tests.get('other')), 'failed', 'the call of another run is not decided again');

update goalpost.tool_calls set state = 'failed', ended_at = now(), error = '{}', attempt = 0, rule = 'max_argument_bytes' where run_id = tests.get('run') and step_key = 'a' and number = 2;
update goalpost.tool_calls set state = 'failed', ended_at = now(), error = '{}', attempt = 0 where run_id = tests.get('run') and step_key = 'a' and number = 3;
update goalpost.tool_calls set state = 'failed', ended_at = now(), error = '{}', attempt = 1 where run_id = tests.get('run') and step_key = 'a' and number = 4;
select is(pg_temp.frozen('[{"call_id": "one"}, {"call_id": "two"}, {"call_id": "three"}]'), '2:one:failed 3:two:intended 4:three:failed',
          'earlier attempts'' failed calls are decided again, except oversized arguments');
select is(tests.refusal(format('select goalpost_worker.freeze_calls(%s, ''a'', 1, ''{}'')', tests.get('run'))), 'ZG003', 'calls that are no list are refused');

select * from finish();
rollback;
