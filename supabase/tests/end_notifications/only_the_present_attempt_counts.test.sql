-- An end is recorded for the attempt that was claimed last; a retry waits longer and longer, up to the cap of attempts.
begin;
select plan(12);
select tests.world();
insert into goalpost.notification_targets (workspace_id, user_id, name, kind, shown_address, occasions, created_by, created_at)
values (tests.id_of('acme'), tests.id_of('mia'), 'mail', 'email', 'a@tests.example', '{}', tests.id_of('mia'), now());
select tests.json_for('mia', format('select goalpost.test_notification_target(%L, ''mail'')', tests.id_of('acme')));
select tests.set('id', (select max(id) from goalpost.notifications));
create function pg_temp.row() returns goalpost.notifications language sql as $$ select n from goalpost.notifications n where n.id = tests.get('id') $$;
create function pg_temp.ends(p_attempt integer, p_outcome text, p_more jsonb default '{}') returns integer language sql as $$
  select goalpost_worker.end_notifications(jsonb_build_array(jsonb_build_object('notification_id', tests.get('id'), 'attempt', p_attempt, 'outcome', p_outcome, 'reason', 'the host answered 500') || p_more)) $$;
select goalpost_worker.claim_notifications(10, 30);
select is(pg_temp.ends(2, 'sent'), 0, 'an attempt that was never claimed ends nothing');
select is(pg_temp.ends(1, 'retry'), 1, 'a retry is recorded');
select is((pg_temp.row()).state || ' ' || (pg_temp.row()).reason, 'waiting the host answered 500', 'the message waits, with the reason');
select ok((pg_temp.row()).next_try_at between goalpost_private.clock() + interval '1 second' and goalpost_private.clock() + interval '2 seconds', 'for seconds after the first attempt');
select tests.advance_clock('5 seconds');
select goalpost_worker.claim_notifications(10, 30);
select is(pg_temp.ends(1, 'sent'), 0, 'the end of an earlier attempt comes too late');
select is(pg_temp.ends(2, 'retry', '{"retry_after_seconds": 120}'), 1, 'the receiver may ask for a pause');
select is((pg_temp.row()).next_try_at, goalpost_private.clock() + interval '120 seconds', 'which is kept');
select tests.advance_clock('121 seconds');
select goalpost_worker.claim_notifications(10, 30);
update goalpost_private.limits set max_notification_attempts = 3;
select is(pg_temp.ends(3, 'retry'), 1, 'a retry at the last attempt');
select is((pg_temp.row()).state || ' ' || (pg_temp.row()).reason, 'failed the host answered 500', 'is a failure, with the reason');
select is(pg_temp.ends(3, 'sent'), 0, 'an end is final');
update goalpost.notifications set state = 'waiting', attempt = 0, ended_at = null, next_try_at = goalpost_private.clock();
select goalpost_worker.claim_notifications(10, 30);
select pg_temp.ends(1, 'sent');
select is((pg_temp.row()).state || ' ' || coalesce((pg_temp.row()).reason, 'without a reason'), 'sent without a reason', 'a sent message has none');
select is((pg_temp.row()).ended_at, goalpost_private.clock(), 'and the time');
select * from finish();
rollback;
