-- Messages are claimed once for the time of a lease, with what is needed to send them; those whose occasion is over are
-- dropped.
begin;
select plan(26);
select tests.world();
update goalpost.workspaces set webhook_hosts = '{hooks.example.com}', email_domains = '{tests.example}' where id = tests.id_of('acme');
select tests.json_for(p, format('select goalpost.add_notification_target(%L, ''{"name": "hook", "kind": "%s", "address": "https://hooks.example.com/%s", "shared": %s}'')', tests.id_of('acme'), k, p, to_jsonb(p = 'adam')))
  from (values ('petra', 'webhook'), ('mia', 'slack'), ('adam', 'slack')) t (p, k);
create function pg_temp.of(p_messages jsonb, p_path text) returns jsonb language sql as $$
  select m from jsonb_array_elements(p_messages) m where m -> 'target' ->> 'address' = 'https://hooks.example.com/' || p_path $$;
select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"question": "Send it?", "content": {"secret": "of the subject"}}'))));
insert into goalpost.wakes (function, ready_count, sent_at) values ('notifier', 1, goalpost_private.clock());
create temp table claimed as select goalpost_worker.claim_notifications(10, 30, (select max(id) from goalpost.wakes where function = 'notifier')) as messages;
select is((select jsonb_array_length(messages) from claimed), 2, 'the due messages are claimed');
select is((select acknowledged_at is not null from goalpost.wakes where function = 'notifier' order by id desc limit 1), true, 'the wake is acknowledged');
select is(pg_temp.of(messages, 'petra') -> 'target' ->> 'secret' like 'whsec_%', true, 'with the target''s secret') from claimed;
select is((pg_temp.of(messages, 'petra') - 'target' - 'approval' - 'notification_id' - 'idempotency_key' - 'workspace_id' - 'created_at')::text,
          '{"budget": null, "attempt": 1, "request": null, "occasion": "approval.requested", "workspace": "acme", "email_domains": ["tests.example"], "webhook_hosts": ["hooks.example.com"]}', 'and the workspace''s lists') from claimed;
select is(pg_temp.of(messages, 'petra') -> 'approval' ->> 'question', 'Send it?', 'a person receives the question') from claimed;
select is(pg_temp.of(messages, 'petra') -> 'approval' ->> 'subject', '{"secret": "of the subject"}', 'and what is decided on') from claimed;
select matches(pg_temp.of(messages, 'petra') -> 'approval' ->> 'link_token', '^[0-9]+\.[A-Za-z0-9_-]{43}$', 'and a link') from claimed;
select is((pg_temp.of(messages, 'adam') -> 'approval') - 'id' - 'expires_at', '{"kind": "step", "tool": null, "quorum": 1, "waits_for": "approver", "goal_title": "A goal"}'::jsonb, 'a shared target receives no question, no content and no link') from claimed;
select is((select count(*) from goalpost_private.decision_links), 1::bigint, 'one link is stored');
select is((select count(*) from goalpost_private.decision_links l, claimed where l.token_hash = tests.hash(pg_temp.of(messages, 'petra') -> 'approval' ->> 'link_token')), 1::bigint, 'as the hash of its token');
select is(goalpost_worker.claim_notifications(10, 30), '[]'::jsonb, 'a claimed message is not claimed again');
select tests.advance_clock('31 seconds');
create temp table again as select goalpost_worker.claim_notifications(10, 30) as messages;
select is((select (pg_temp.of(a.messages, 'petra') - 'attempt') = (pg_temp.of(c.messages, 'petra') - 'attempt') from again a, claimed c), true, 'after the lease it is, with the same key and the same link');
select is((select (pg_temp.of(messages, 'petra') ->> 'attempt') from again), '2', 'as the next attempt');

select tests.set('first', (tests.approval_of(tests.get('run'), 'ap')).id);
select tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('first')));
select tests.advance_clock('31 seconds');
select is(goalpost_worker.claim_notifications(10, 30) @? '$[*].approval', false, 'what has been decided is not sent');
select is((select string_agg(distinct n.state || ': ' || n.reason, ', ') from goalpost.notifications n where n.approval_id = tests.get('first')), 'dropped: it was decided before the message was sent: approved', 'it is dropped with the reason');
delete from goalpost.notifications;
select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval())));
update goalpost.members set role = 'member' where user_id = tests.id_of('petra');
select is(jsonb_array_length(goalpost_worker.claim_notifications(10, 30)), 1, 'a person who lost the role receives nothing');
select is((select n.state || ': ' || n.reason from goalpost.notifications n where n.user_id = tests.id_of('petra')), 'dropped: this person''s decision is not awaited any more', 'and the row has the reason');
update goalpost.members set role = 'approver' where user_id = tests.id_of('petra');
delete from goalpost.notifications;

select tests.set('run', tests.planned('a'));
select goalpost_private.end_run(tests.get('run'), 'failed', 'it broke', null, null, goalpost_private.clock());
update claimed set messages = goalpost_worker.claim_notifications(10, 30);
select is(pg_temp.of(messages, 'mia') -> 'request' ->> 'reason', 'it broke', 'a request has its reason') from claimed;
select is(goalpost_worker.claim_notifications(10, 30), '[]'::jsonb, 'nothing else is due');
update goalpost_private.limits set max_notification_attempts = 1;
select tests.advance_clock('31 seconds');
select is(goalpost_worker.claim_notifications(10, 30), '[]'::jsonb, 'a message whose attempts were lost is not sent for ever');
select is((select string_agg(distinct n.state || ': ' || n.reason, ', ') from goalpost.notifications n where n.state = 'failed'), 'failed: the notifier ended before it reported, at every attempt', 'it failed with the reason');
update goalpost_private.limits set max_notification_attempts = 20;

select tests.json_for('petra', format('select goalpost.test_notification_target(%L, ''hook'')', tests.id_of('acme')));
select is(tests.refusal_for('petra', format('select goalpost.test_notification_target(%L, ''hook'')', tests.id_of('acme'))), 'ZG006', 'one test of a target waits at a time');
insert into goalpost.notification_targets (workspace_id, user_id, name, kind, shown_address, occasions, created_by, created_at)
values (tests.id_of('acme'), tests.id_of('petra'), 'other', 'email', 'a@tests.example', '{}', tests.id_of('petra'), now());
select is(tests.refusal_for('petra', format('select goalpost.test_notification_target(%L, ''other'')', tests.id_of('acme'))), 'none', 'another target is tested meanwhile');
delete from goalpost.notification_targets where name = 'other';
select is((select m ->> 'occasion' from jsonb_array_elements(goalpost_worker.claim_notifications(10, 30)) m), 'test', 'and is sent like a message');
select tests.advance_clock('2 seconds');
select is(goalpost_private.send_overdue_wakes(goalpost_private.clock()), 0, 'nothing is overdue while it is leased');
select tests.advance_clock('60 seconds');
select is(goalpost_private.send_overdue_wakes(goalpost_private.clock()), 1, 'the sweep wakes the notifier for what no wake reached');
select * from finish();
rollback;
