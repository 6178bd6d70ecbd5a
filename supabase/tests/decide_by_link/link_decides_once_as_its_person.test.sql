-- A link decides as its person, once, on the version that its message showed, while the role is held.
begin;
select plan(36);
select tests.world();
insert into goalpost.notification_targets (workspace_id, user_id, name, kind, shown_address, occasions, created_by, created_at)
select tests.id_of('acme'), tests.id_of(p), p, 'email', 'a@tests.example', goalpost_private.occasions(), tests.id_of(p), now() from unnest(array['petra', 'adam', 'mia']) p;
-- The token of the latest link of a person.
create temp table token (person text, token text);
create function pg_temp.send() returns void language sql as $$
  delete from token;
  insert into token select t.shown, m -> 'approval' ->> 'link_token'
    from jsonb_array_elements(goalpost_worker.claim_notifications(100, 30)) m
    join (select n.id, t.name as shown from goalpost.notifications n join goalpost.notification_targets t on t.id = n.target_id) t on t.id = (m ->> 'notification_id')::bigint;
$$;
create function pg_temp.token(p_person text) returns text language sql as $$ select token from token where person = p_person $$;
create function pg_temp.reason(p_token text, p_decision text default null, p_answer jsonb default null) returns text language plpgsql as $$
begin
  if p_decision is null then
    perform goalpost_worker.read_decision_link(p_token);
  else
    perform goalpost_worker.decide_by_link(p_token, p_decision, null, p_answer);
  end if;
  return 'none';
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
create function pg_temp.begin(p_options jsonb default '{}') returns void language plpgsql as $$
begin
  perform tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval(p_options))));
  perform pg_temp.send();
end $$;
create function pg_temp.approval() returns goalpost.approvals language sql as $$ select tests.approval_of(tests.get('run'), 'ap') $$;

select pg_temp.begin('{"content": {"a": 1}}');
select is(goalpost_worker.read_decision_link(pg_temp.token('petra')) - 'expires_at' - 'shown',
          '{"kind": "step", "tool": null, "votes": 0, "person": "petra@tests.example", "quorum": 1, "subject": {"a": 1}, "question": "May it?", "decisions": ["approved", "rejected"], "requester": "mia@tests.example", "workspace": "acme", "goal_title": "A goal", "answer_schema": null, "required_role": "approver"}'::jsonb,
          'a link shows what is decided on');
select is((pg_temp.approval()).state, 'pending', 'reading decides nothing');
select is((select count(*) from goalpost_private.decision_links where used_at is not null), 0::bigint, 'and uses nothing up');
select matches(pg_temp.reason('1.x'), '^ZG001', 'a token that was never sent opens nothing');
select matches(pg_temp.reason(null), '^ZG001', 'nor does none');
select matches(pg_temp.reason(repeat('x', 100000)), '^ZG001', 'nor one that is too long');
select matches(pg_temp.reason(pg_temp.token('petra') || 'x'), '^ZG001', 'nor one that was changed');
select matches(pg_temp.reason((select token_hash from goalpost_private.decision_links limit 1)), '^ZG001', 'nor the hash that is stored');
select matches(pg_temp.reason(pg_temp.token('petra'), 'happened'), '^ZG003 a decision is approved or rejected', 'a decision that this does not have is refused');
select is((select count(*) from goalpost_private.decision_links where used_at is not null), 0::bigint, 'and the link is still good');
select is(goalpost_worker.decide_by_link(pg_temp.token('petra'), 'approved', 'Fine') - 'approval_id' - 'decided_at', jsonb_build_object('state', 'approved', 'first', true, 'decided_by', tests.id_of('petra')), 'the form decides as the person');
select is((pg_temp.approval()).comment, 'Fine', 'with the comment');
select is(current_setting('request.jwt.claims', true), '', 'and the claims are the caller''s again');
select matches(pg_temp.reason(pg_temp.token('petra'), 'approved'), '^ZG004 this has been decided: it is approved', 'a second use is refused');
select matches(pg_temp.reason(pg_temp.token('adam')), '^ZG004 this has been decided', 'and so is another person''s link');

select pg_temp.begin('{"quorum": 2}');
select is(goalpost_worker.decide_by_link(pg_temp.token('petra'), 'approved') ->> 'votes', '1', 'of two, one has approved');
select matches(pg_temp.reason(pg_temp.token('petra'), 'approved'), '^ZG004 this link has been used', 'whose link is used up');
update goalpost_private.decision_links set used_at = null;
select matches(pg_temp.reason(pg_temp.token('petra'), 'approved'), '^ZG002', 'one person does not approve twice even so');
select is(goalpost_worker.decide_by_link(pg_temp.token('adam'), 'approved') ->> 'state', 'approved', 'the other person decides');

select pg_temp.begin('{"quorum": 2, "content": {"a": 1}}');
select tests.json_for('adam', format('select goalpost.decide_approval(%s, ''approved'', p_edited => ''{"a": 2}'')', (pg_temp.approval()).id));
select matches(pg_temp.reason(pg_temp.token('petra')), '^ZG004 another person has edited this', 'an edit makes earlier links worthless');
select matches(pg_temp.reason(pg_temp.token('petra'), 'rejected'), '^ZG004 another person has edited this', 'for a rejection as well');
select pg_temp.send();
select is(goalpost_worker.read_decision_link(pg_temp.token('petra')) -> 'subject', '{"a": 2}'::jsonb, 'the next message has a link to the edited version');

select pg_temp.begin();
update goalpost.members set role = 'member' where user_id = tests.id_of('petra');
select matches(pg_temp.reason(pg_temp.token('petra')), '^ZG002 your decision on this is not awaited', 'a person who lost the role sees nothing');
select matches(pg_temp.reason(pg_temp.token('petra'), 'approved'), '^ZG002', 'and decides nothing');
delete from goalpost.members where user_id = tests.id_of('petra');
select matches(pg_temp.reason(pg_temp.token('petra'), 'approved'), '^ZG001', 'the links of a removed member are gone');
insert into goalpost.members (workspace_id, user_id, role) values (tests.id_of('acme'), tests.id_of('petra'), 'approver');
update auth.users set banned_until = goalpost_private.clock() + interval '1 day' where id = tests.id_of('adam');
select matches(pg_temp.reason(pg_temp.token('adam'), 'approved'), '^ZG002', 'a banned account decides nothing');
update auth.users set banned_until = null where id = tests.id_of('adam');
select tests.advance_clock('8 days');
select matches(pg_temp.reason(pg_temp.token('adam'), 'approved'), '^ZG004 the time for this decision is over', 'a link ends with the approval');
select is((pg_temp.approval()).state, 'pending', 'nothing was decided');

select tests.set('run', tests.working());
select tests.asks(tests.get('run'), 'a', 'question', '{"answer_schema": {"type": "string", "minLength": 2}}', 'ask_human', '{}');
select pg_temp.send();
select is(goalpost_worker.read_decision_link(pg_temp.token('mia')) ->> 'answer_schema', '{"type": "string", "minLength": 2}', 'a question has a link for its answer');
select matches(pg_temp.reason(pg_temp.token('mia'), 'answered', '"x"'), '^ZG003', 'an answer that does not fit is refused');
select is(goalpost_worker.decide_by_link(pg_temp.token('mia'), 'answered', null, '"blue"') ->> 'state', 'approved', 'one that fits is given');
select tests.set('run', tests.working());
select goalpost_private.ask_for_renewal(tests.step(tests.get('run'), 'a'), (select r from goalpost.workflow_runs r where r.id = tests.get('run')));
select pg_temp.send();
select is((select count(*) from token where person = 'mia'), 1::bigint, 'a renewal is announced');
select is(pg_temp.token('mia'), null, 'without a link: it takes the rights of a sign-in');

-- The engine's own refusals hold as well: a call whose arguments have changed since.
select tests.tools();
select tests.set('run', tests.working());
select tests.asks(tests.get('run'), 'a');
select pg_temp.send();
update goalpost.tool_calls set arguments = '{"query": "select 2"}' where run_id = tests.get('run') and step_key = 'a';
select matches(pg_temp.reason(pg_temp.token('adam'), 'approved'), '^ZG004 the call is not any more', 'a call that changed is not approved');
select is((select count(*) from goalpost_private.decision_links l join goalpost.notifications n on n.id = l.notification_id where l.used_at is not null and n.user_id = tests.id_of('adam') and n.approval_id = (select max(id) from goalpost.approvals)), 0::bigint, 'and its link is not used up');
select is(goalpost_worker.decide_by_link(pg_temp.token('adam'), 'rejected') ->> 'state', 'rejected', 'it can be rejected');
select * from finish();
rollback;
