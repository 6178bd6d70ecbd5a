-- A limit allows so many slots at once, each held for a minimum time. A call acquires all of its slots or none, and no
-- caller blocks another.
begin;
select plan(30);
select tests.world();

select tests.price();
select is(goalpost_private.acquire_slots(tests.id_of('acme'), '{"tool": "sql"}', 'h', goalpost_private.clock()), null, 'acquire_slots without any limit never waits');
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''sql'', 2)', tests.id_of('acme')));
create function pg_temp.take(p_holder text, p_names text default '{"tool": "sql"}', p_workspace text default 'acme') returns text language sql as $$
  select coalesce(goalpost_private.acquire_slots(tests.id_of(p_workspace), p_names::jsonb, p_holder, goalpost_private.clock()) #>> '{wait,reason}', 'taken') $$;
select is(pg_temp.take('1'), 'taken', 'the first of two slots is acquired');
select is(pg_temp.take('2'), 'taken', 'the second of two slots is acquired');
select is(pg_temp.take('3'), 'the limit of the tool sql has no room', 'a third holder does not get a slot of two');
select is(pg_temp.take('3', '{"tool": "look"}'), 'taken', 'a tool without a limit of its own is not held back');
select is(pg_temp.take('3', '{"tool": "sql"}', 'elsewhere'), 'taken', 'the limit of one workspace does not hold back another');
select ok((goalpost_private.acquire_slots(tests.id_of('acme'), '{"tool": "sql"}', 'h', goalpost_private.clock()) #>> '{wait,seconds}')::numeric between 1 and 15, 'a refusal states how many seconds to wait');
update goalpost_private.limit_slots set holder = '7/a/call/1' where slot = 1;
select goalpost_private.release_slots(7, 'a', 'call', 1, goalpost_private.clock());
select is(pg_temp.take('3'), 'taken', 'a released slot is acquired by the next holder');
select is(pg_temp.take('4'), 'the limit of the tool sql has no room', 'a released slot is acquired by one holder only');
select tests.advance_clock('14 minutes');
select is(pg_temp.take('4'), 'the limit of the tool sql has no room', 'a slot that is not released is held for 14 minutes');
select tests.advance_clock('1 minute');
select is(pg_temp.take('4'), 'taken', 'a slot that is not released expires after 15 minutes');

-- A rate: a slot counts until its time is over, released or not.
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''provider'', ''p'', 1, 60)', tests.id_of('acme')));
select is(pg_temp.take('7/a/turn/1', '{"provider": "p"}'), 'taken', 'the one slot of a minute is acquired');
select goalpost_private.release_slots(7, 'a', 'turn', 1, goalpost_private.clock());
select is(pg_temp.take('x', '{"provider": "p"}'), 'the limit of the provider p has no room', 'a slot of a rate counts after its release');
select tests.advance_clock('60 seconds');
select is(pg_temp.take('x', '{"provider": "p"}'), 'taken', 'a slot of a rate is free when its minute is over');

-- All or none.
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''agent'', ''*'', 1)', tests.id_of('acme')));
select is(pg_temp.take('y', '{"provider": "p", "agent": "hand"}'), 'the limit of the provider p has no room', 'a holder that lacks one of two slots gets neither');
select is(pg_temp.take('z', '{"agent": "any"}'), 'taken', 'the slot acquired first is released when the second is refused');
select is(pg_temp.take('z2', '{"agent": "other"}'), 'the limit of the agent * has no room', 'a limit named * is shared by all names');

-- For all workspaces together.
select tests.person('oscar');
insert into goalpost.project_admins values (tests.id_of('oscar'));
select tests.value_for('oscar', 'select goalpost.set_rate_limit(null, ''provider'', ''all'', 1)');
select is(pg_temp.take('a', '{"provider": "all"}'), 'taken', 'the first holder gets the slot of a project-wide limit');
select is(pg_temp.take('b', '{"provider": "all"}', 'elsewhere'), 'the limit of the provider all has no room', 'a project-wide limit counts the slots of all workspaces');

-- A model call and a tool call acquire and release their slots.
delete from goalpost.rate_limits;
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''workspace'', ''*'', 1)', tests.id_of('acme')));
select tests.set('run', tests.working());
select is(tests.reserve(tests.get('run'), 'a'), '{"number": 1}', 'a model call acquires the slot of its workspace');
select is(tests.reserve(tests.get('run'), 'a') #>> '{wait,reason}', 'the limit of the workspace * has no room', 'a second model call beside the first is refused');
select matches(tests.caps(tests.get('run')), 'run 0\+2700/', 'a refused model call reserves no money');
select tests.end_turn(tests.get('run'), 'a', 1, tests.answer(1, 1));
select is(tests.reserve(tests.get('run'), 'a'), '{"number": 2}', 'a model call that is settled releases its slot');
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''send'', 1)', tests.id_of('acme')));
select tests.set('number', tests.call(tests.get('run'), 'a', 'intended', 'send'));
select is(goalpost_private.acquire_call_slots(tests.step(tests.get('run'), 'a'), tests.the_call(tests.get('run'), 'a'), goalpost_private.clock()), null, 'a tool call acquires the slot of its tool');
select tests.call(tests.get('run'), 'a', 'intended', 'send');
select is(goalpost_private.acquire_call_slots(tests.step(tests.get('run'), 'a'), tests.the_call(tests.get('run'), 'a'), goalpost_private.clock()), null, 'a tool call that holds a slot acquires it again');
select isnt(goalpost_private.acquire_call_slots(tests.step(tests.get('run'), 'a'), tests.the_call(tests.get('run'), 'a', 2), goalpost_private.clock()), null, 'a second call of the tool is refused while the slot is held');
select goalpost_private.release_slots(tests.get('run'), 'a', 'call', 1, goalpost_private.clock());
select is(goalpost_private.acquire_call_slots(tests.step(tests.get('run'), 'a'), tests.the_call(tests.get('run'), 'a', 2), goalpost_private.clock()), null, 'a second call of the tool acquires the released slot');

-- Fewer slots, then no slots.
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''x'', %s)', tests.id_of('acme'), n)) from unnest(array[5, 3]) n;
select is((select count(*) from goalpost_private.limit_slots s join goalpost.rate_limits l on l.id = s.limit_id where l.name = 'x'), 3::bigint, 'lowering a limit from five to three leaves three slots');
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''x'', 0)', tests.id_of('acme')));
select is((select count(*) from goalpost.rate_limits where name = 'x'), 0::bigint, 'a limit set to zero is deleted');
select is((select count(*) from goalpost_private.limit_slots s where not exists (select from goalpost.rate_limits l where l.id = s.limit_id)), 0::bigint, 'the slots of a deleted limit are deleted');

select * from finish();
rollback;
