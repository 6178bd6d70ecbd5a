-- A trigger stands for a fault that only one row has: it is passed over with a warning, and found again next time.
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
select is(tests.kept('report')::jsonb ->> 'leases_expired', '1', 'the good step is taken back');
select is(tests.state(tests.get('good'), 'a'), 'ready', 'and may be tried again');
select is(tests.state(tests.get('bad'), 'a'), 'running', 'the other is left as it was');
select is(tests.kept('report')::jsonb ->> 'approvals_expired', '1', 'the good approval has expired');
select is((tests.approval_of(tests.get('bad_ask'), 'ask')).state, 'pending', 'the other is left as it was');
drop trigger fault on goalpost.events;
select goalpost_private.sweep();
select is(tests.state(tests.get('bad'), 'a'), 'ready', 'when the fault is gone it is found');
select is((tests.approval_of(tests.get('bad_ask'), 'ask')).state, 'expired', 'and the approval too');

select * from finish();
rollback;
