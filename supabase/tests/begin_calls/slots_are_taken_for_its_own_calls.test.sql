-- Where calls have a limit, a step takes slots for those of its own calls that it names and that may still be begun.
begin;
select plan(5);
select tests.world();
select tests.tools();

select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''send'', 1)', tests.id_of('acme')));
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''sql'', 1)', tests.id_of('acme')));
select tests.set('run', tests.agent_at_work());
select tests.set('other', tests.agent_at_work());
select tests.bare_call(tests.get('other'), 'a', 1, 'intended', '{"tool": "send", "idempotent": false}');
select tests.bare_call(tests.get('run'), 'a', 1, 'intended', '{"tool": "send", "idempotent": false}');
select tests.bare_call(tests.get('run'), 'a', 2, 'done', '{"tool": "sql"}');
select tests.bare_call(tests.get('run'), 'a', 3, 'intended', '{"tool": "sql"}');
create function pg_temp.begin(p_run text, p_numbers integer[]) returns text language sql as $$
  select case when r ? 'wait' then 'wait' else (select string_agg(c ->> 'state', ' ' order by (c ->> 'number')::integer) from jsonb_array_elements(r -> 'calls') c) end
    from goalpost_worker.begin_calls(tests.get(p_run), 'a', (tests.step(tests.get(p_run), 'a')).lease_epoch, p_numbers) r $$;
create function pg_temp.taken() returns bigint language sql as $$ select count(*) from goalpost_private.limit_slots where holder is not null and free_again_at > goalpost_private.clock() $$;
select is(pg_temp.begin('run', '{2}'), 'done', 'a call that has ended needs no slot');
select is(pg_temp.taken(), 0::bigint, 'a call that has ended acquires no slot');
select is(pg_temp.begin('run', '{1}'), 'running', 'a named call is begun despite other steps'' calls of its number');
select is(pg_temp.taken(), 1::bigint, 'a begun call acquires one slot, and unnamed calls none');
select is(pg_temp.begin('other', '{1}'), 'wait', 'the same call of another run waits');

select * from finish();
rollback;
