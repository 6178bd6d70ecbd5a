-- A trigger simulates a fault of one row: it is skipped with a warning, and found again in the next sweep.
begin;
select plan(7);
select tests.world();

select tests.set('bad', tests.planned('a'));
select tests.set('good', tests.planned('a'));
select tests.set('bad_ask', tests.planned('ask', jsonb_build_object('ask', tests.approval('{"expires_after_seconds": 60}'))));
select tests.set('good_ask', tests.planned('ask', jsonb_build_object('ask', tests.approval('{"expires_after_seconds": 60}'))));
select tests.start(tests.get('bad'), 'a');
select tests.start(tests.get('good'), 'a');
create function pg_temp.raise_fault() returns trigger language plpgsql as $$
begin
  if new.run_id in (tests.get('bad'), tests.get('bad_ask')) then raise 'a fault of this row'; end if;
  return new;
end $$;
create trigger fault before insert on goalpost.events for each row execute function pg_temp.raise_fault();
select tests.advance_clock('2 minutes');
set client_min_messages = error;
select tests.set('report', goalpost_private.sweep()::text);
select is(tests.kept('report')::jsonb ->> 'leases_expired', '1', 'the lost step without the fault is released');
select is(tests.state(tests.get('good'), 'a'), 'ready', 'the released step is ready');
select is(tests.state(tests.get('bad'), 'a'), 'running', 'the step with the fault keeps running');
select is(tests.kept('report')::jsonb ->> 'approvals_expired', '1', 'the approval without the fault expires');
select is((tests.approval_of(tests.get('bad_ask'), 'ask')).state, 'pending', 'the approval with the fault stays pending');
drop trigger fault on goalpost.events;
select goalpost_private.sweep();
select is(tests.state(tests.get('bad'), 'a'), 'ready', 'the step is released when the fault is gone');
select is((tests.approval_of(tests.get('bad_ask'), 'ask')).state, 'expired', 'the approval expires when the fault is gone');

select * from finish();
rollback;
