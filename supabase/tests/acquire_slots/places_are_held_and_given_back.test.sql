-- So many at once, each for at least so long; all places of a question or none; nobody waits for anybody.
begin;
select plan(30);
select tests.world();

select tests.price();
select is(goalpost_private.acquire_slots(tests.id_of('acme'), '{"tool": "sql"}', 'h', goalpost_private.clock()), null, 'without limits there is always room');
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''sql'', 2)', tests.id_of('acme')));
create function pg_temp.take(p_holder text, p_names text default '{"tool": "sql"}', p_workspace text default 'acme') returns text language sql as $$
  select coalesce(goalpost_private.acquire_slots(tests.id_of(p_workspace), p_names::jsonb, p_holder, goalpost_private.clock()) #>> '{wait,reason}', 'taken') $$;
select is(pg_temp.take('1'), 'taken', 'one');
select is(pg_temp.take('2'), 'taken', 'two');
select is(pg_temp.take('3'), 'the limit of the tool sql has no room', 'not three');
select is(pg_temp.take('3', '{"tool": "look"}'), 'taken', 'another tool has none');
select is(pg_temp.take('3', '{"tool": "sql"}', 'elsewhere'), 'taken', 'another workspace has none');
select ok((goalpost_private.acquire_slots(tests.id_of('acme'), '{"tool": "sql"}', 'h', goalpost_private.clock()) #>> '{wait,seconds}')::numeric between 1 and 15, 'it says how long to wait');
update goalpost_private.limit_slots set holder = '7/a/call/1' where slot = 1;
select goalpost_private.release_slots(7, 'a', 'call', 1, goalpost_private.clock());
select is(pg_temp.take('3'), 'taken', 'given back, it is taken again');
select is(pg_temp.take('4'), 'the limit of the tool sql has no room', 'once');
select tests.advance_clock('14 minutes');
select is(pg_temp.take('4'), 'the limit of the tool sql has no room', 'held');
select tests.advance_clock('1 minute');
select is(pg_temp.take('4'), 'taken', 'but not for ever');

-- A rate: a place counts until its time is over, given back or not.
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''provider'', ''p'', 1, 60)', tests.id_of('acme')));
select is(pg_temp.take('7/a/turn/1', '{"provider": "p"}'), 'taken', 'one a minute');
select goalpost_private.release_slots(7, 'a', 'turn', 1, goalpost_private.clock());
select is(pg_temp.take('x', '{"provider": "p"}'), 'the limit of the provider p has no room', 'given back at once, it still counts');
select tests.advance_clock('60 seconds');
select is(pg_temp.take('x', '{"provider": "p"}'), 'taken', 'until its minute is over');

-- All or none.
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''agent'', ''*'', 1)', tests.id_of('acme')));
select is(pg_temp.take('y', '{"provider": "p", "agent": "hand"}'), 'the limit of the provider p has no room', 'one of two has none');
select is(pg_temp.take('z', '{"agent": "any"}'), 'taken', 'what was taken first was given back');
select is(pg_temp.take('z2', '{"agent": "other"}'), 'the limit of the agent * has no room', 'a star is one limit for all');

-- For all workspaces together.
select tests.person('oscar');
insert into goalpost.project_admins values (tests.id_of('oscar'));
select tests.value_for('oscar', 'select goalpost.set_rate_limit(null, ''provider'', ''all'', 1)');
select is(pg_temp.take('a', '{"provider": "all"}'), 'taken', 'one');
select is(pg_temp.take('b', '{"provider": "all"}', 'elsewhere'), 'the limit of the provider all has no room', 'of all workspaces');

-- A question to a model and a call of a tool take and give back theirs.
delete from goalpost.rate_limits;
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''workspace'', ''*'', 1)', tests.id_of('acme')));
select tests.set('run', tests.working());
select is(tests.reserve(tests.get('run'), 'a'), '{"number": 1}', 'a question');
select is(tests.reserve(tests.get('run'), 'a') #>> '{wait,reason}', 'the limit of the workspace * has no room', 'no second one beside it');
select matches(tests.caps(tests.get('run')), 'run 0\+2700/', 'nothing is set aside for it');
select tests.end_turn(tests.get('run'), 'a', 1, tests.answer(1, 1));
select is(tests.reserve(tests.get('run'), 'a'), '{"number": 2}', 'settled, there is room');
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''send'', 1)', tests.id_of('acme')));
select tests.set('number', tests.call(tests.get('run'), 'a', 'intended', 'send'));
select is(goalpost_private.acquire_call_slots(tests.step(tests.get('run'), 'a'), tests.the_call(tests.get('run'), 'a'), goalpost_private.clock()), null, 'a call');
select tests.call(tests.get('run'), 'a', 'intended', 'send');
select is(goalpost_private.acquire_call_slots(tests.step(tests.get('run'), 'a'), tests.the_call(tests.get('run'), 'a'), goalpost_private.clock()), null, 'the same once more has its place');
select isnt(goalpost_private.acquire_call_slots(tests.step(tests.get('run'), 'a'), tests.the_call(tests.get('run'), 'a', 2), goalpost_private.clock()), null, 'no second one');
select goalpost_private.release_slots(tests.get('run'), 'a', 'call', 1, goalpost_private.clock());
select is(goalpost_private.acquire_call_slots(tests.step(tests.get('run'), 'a'), tests.the_call(tests.get('run'), 'a', 2), goalpost_private.clock()), null, 'until it is given back');

-- Fewer places, none.
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''x'', %s)', tests.id_of('acme'), n)) from unnest(array[5, 3]) n;
select is((select count(*) from goalpost_private.limit_slots s join goalpost.rate_limits l on l.id = s.limit_id where l.name = 'x'), 3::bigint, 'fewer');
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''x'', 0)', tests.id_of('acme')));
select is((select count(*) from goalpost.rate_limits where name = 'x'), 0::bigint, 'none: no limit');
select is((select count(*) from goalpost_private.limit_slots s where not exists (select from goalpost.rate_limits l where l.id = s.limit_id)), 0::bigint, 'nor places');

select * from finish();
rollback;
