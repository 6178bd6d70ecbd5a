-- The transaction that opens, passes on or escalates an approval, ends a request or spends 80 % of a cap writes a message
-- for each target that takes it, once; without a target it writes nothing.
begin;
select plan(30);
select tests.world();
create function pg_temp.target(p_person text, p_name text) returns void language sql as $$
  insert into goalpost.notification_targets (workspace_id, user_id, name, kind, shown_address, occasions, created_by, created_at)
  values (tests.id_of('acme'), tests.id_of(p_person), p_name, 'email', 'a@tests.example', goalpost_private.occasions(), tests.id_of('olga'), now()) $$;
-- What was written since the last call: 'target occasion state'.
create temp table seen (id bigint);
create function pg_temp.written() returns text language plpgsql as $$
declare
  v_written text;
begin
  select string_agg(concat_ws(' ', t.name, n.occasion, nullif(n.state, 'waiting')), ', ' order by t.name, n.id) into v_written
    from goalpost.notifications n join goalpost.notification_targets t on t.id = n.target_id where n.id not in (select id from seen);
  insert into seen select n.id from goalpost.notifications n where n.id not in (select id from seen);
  return v_written;
end $$;

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval())));
select tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', (tests.approval_of(tests.get('run'), 'ap')).id));
select is((select count(*) from goalpost.notifications), 0::bigint, 'without a target nothing is written');
select is(tests.wake_count('notifier'), 0::bigint, 'and the notifier is not woken');

select pg_temp.target(p, coalesce(p, 'all')) from unnest(array['mia', 'petra', 'adam', 'vera', null]) p;
insert into goalpost.notification_targets (workspace_id, user_id, name, kind, shown_address, occasions, created_by, created_at)
values (tests.id_of('elsewhere'), tests.id_of('sam'), 'sam', 'email', 'a@tests.example', goalpost_private.occasions(), tests.id_of('sam'), now());
select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval())));
select is(pg_temp.written(), 'adam approval.requested, all approval.requested, petra approval.requested', 'an approval is for those who may decide it, and for the workspace''s targets');
select is(tests.wake_count('notifier'), 1::bigint, 'one wake is sent for all of them');
select is((select n.approval_version is not distinct from goalpost_private.version_of(tests.approval_of(tests.get('run'), 'ap')) from goalpost.notifications n limit 1), true, 'the message is of the present version');
select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"required_role": "member", "requester_may_decide": false, "escalates_after_seconds": 600, "escalates_to": "admin"}'))));
select is(pg_temp.written(), 'adam approval.requested, all approval.requested, petra approval.requested', 'not for the requester where that person may not decide');
select tests.advance_clock('601 seconds');
select goalpost_private.sweep();
select is(pg_temp.written(), 'adam approval.escalated, all approval.escalated', 'an escalation is for the role that may decide now');
select goalpost_private.sweep();
select is(pg_temp.written(), null, 'once');

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"quorum": 2, "content": {"a": 1}, "expires_after_seconds": 4000, "escalates_after_seconds": 3990, "escalates_to": "admin"}'))));
select is(pg_temp.written(), 'adam approval.requested, all approval.requested, petra approval.requested', 'a quorum is asked for at once');
select tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', (tests.approval_of(tests.get('run'), 'ap')).id));
select is(pg_temp.written(), null, 'a vote for the same version writes nothing');
select tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'', p_edited => ''{"a": 2}'', p_subject_hash => %L)', (tests.approval_of(tests.get('run'), 'ap')).id, goalpost_private.version_of(tests.approval_of(tests.get('run'), 'ap'))));
select is(pg_temp.written(), 'adam approval.requested, all approval.requested', 'an edit is another version, for all who decide except its author');
select tests.json_for('olga', format('select goalpost.decide_approval(%s, ''approved'', p_subject_hash => %L)', (tests.approval_of(tests.get('run'), 'ap')).id, goalpost_private.version_of(tests.approval_of(tests.get('run'), 'ap'))));
select is(pg_temp.written(), 'all approval.requested, mia approval.requested', 'passed on, it is for the requester');
select tests.advance_clock('2900 seconds');
select goalpost_private.sweep();
select is(pg_temp.written(), null, 'before the last quarter of its time no expiry is announced');
select tests.advance_clock('200 seconds');
select goalpost_private.sweep();
select is(pg_temp.written(), 'all approval.expiring, mia approval.expiring', 'then it is, to those whose decision is awaited');
select goalpost_private.sweep();
select is(pg_temp.written(), null, 'and once');

select tests.set('run', tests.planned('a'));
select tests.do_complete(tests.get('run'), 'a');
select is(pg_temp.written(), null, 'the end of a step writes nothing');
select goalpost_private.end_run(tests.get('run'), 'completed', null, '{}', 'done', goalpost_private.clock());
select is(pg_temp.written(), 'all request.completed, mia request.completed', 'an answered request is for its requester and the workspace');
select tests.set('run', tests.planned('a'));
select goalpost_private.end_run(tests.get('run'), 'failed', 'it broke', null, null, goalpost_private.clock());
select is(pg_temp.written(), 'all request.failed, mia request.failed', 'and so is one that failed');
update goalpost.requests set state = 'accepted', ended_at = null where id = (tests.request_of(tests.get('run'))).id;
select tests.advance_clock('1 minute');
update goalpost.requests set state = 'failed', ended_at = goalpost_private.clock() where id = (tests.request_of(tests.get('run'))).id;
select is(pg_temp.written(), 'all request.failed, mia request.failed', 'one that was retried and failed again is another occasion');
select tests.set('run', tests.planned('a'));
select goalpost_private.end_run(tests.get('run'), 'cancelled', 'no more', null, null, goalpost_private.clock());
select is(pg_temp.written(), null, 'a cancelled request writes nothing');
select tests.json_for('petra', format('select goalpost.start_analysis(%L)', tests.id_of('acme')));
update goalpost.requests set state = 'answered', ended_at = goalpost_private.clock() where question like 'Analyse%' and state = 'accepted';
select is(pg_temp.written(), null, 'an analysis writes nothing');

select tests.set('run', tests.working('mia', 'acme', '{"max_microusd": 1000000}'));
delete from seen; insert into seen select id from goalpost.notifications;
select tests.spend(tests.get('run'), 'a', 790000);
select is(pg_temp.written(), null, 'at 79 % of a cap nothing is written');
select tests.spend(tests.get('run'), 'a', 10000);
select is(pg_temp.written(), 'all budget.reached, mia budget.reached', 'at 80 % the requester and the workspace receive it');
select is((select concat_ws(' ', content ->> 'scope', content ->> 'spent_microusd', content ->> 'cap_microusd') from goalpost.notifications where occasion = 'budget.reached' limit 1), 'run 800000 1000000', 'with the amounts');
select tests.spend(tests.get('run'), 'a', 100000);
select is(pg_temp.written(), null, 'once');
update goalpost.budgets set cap_microusd = 2000000 where scope = 'run' and key = tests.get('run')::text;
select tests.spend(tests.get('run'), 'a', 800000);
select is(pg_temp.written(), 'all budget.reached, mia budget.reached', 'a raised cap is another one');
update goalpost.budgets set cap_microusd = 2000000 where scope = 'workspace_month' and workspace_id = tests.id_of('acme');
select tests.set('run', tests.working('mia', 'acme'));
delete from seen; insert into seen select id from goalpost.notifications;
update goalpost.budgets set spent_microusd = 1599999 where scope = 'workspace_month' and workspace_id = tests.id_of('acme');
update goalpost.budgets set spent_microusd = 1600000 where scope = 'workspace_month' and workspace_id = tests.id_of('acme');
select is(pg_temp.written(), 'adam budget.reached, all budget.reached', 'the workspace''s month is for its admins');

update goalpost.notification_targets set occasions = '{request.failed}' where name = 'mia';
select tests.set('run', tests.planned('a'));
select goalpost_private.end_run(tests.get('run'), 'completed', null, '{}', 'done', goalpost_private.clock());
select is(pg_temp.written(), 'all request.completed', 'a target receives the occasions that it takes');
update goalpost_private.limits set max_notifications_per_hour = 1;
select tests.set('run', tests.planned('a'));
select goalpost_private.end_run(tests.get('run'), 'failed', 'it broke', null, null, goalpost_private.clock());
select is(pg_temp.written(), 'all request.failed dropped, mia request.failed dropped', 'above the hourly cap messages are dropped');
select is((select count(*) from goalpost.notifications n where n.workspace_id <> tests.id_of('acme')), 0::bigint, 'nothing was written for another workspace');
select * from finish();
rollback;
