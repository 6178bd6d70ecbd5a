-- A call runs with the rights of the requester. An edit by another person waits until the requester confirms it.
begin;
select plan(30);
select tests.world();

create table public.confined (id bigint primary key, owner uuid not null);
insert into public.confined select i, tests.id_of('olga') from generate_series(1, 8) i;
alter table public.confined enable row level security;
create policy own_rows on public.confined for select to authenticated using (owner = auth.uid());
grant select on public.confined to authenticated;
update goalpost.workspaces set approve_plans = false where id = tests.id_of('acme');

-- A member edits and approves the plan that the owner asked to see.
insert into goalpost.members values (tests.id_of('acme'), tests.person('max'), 'member');
select tests.set('run', tests.goal('olga'));
update goalpost.requests set budget = '{"approve_plan": true}' where id = (tests.request_of(tests.get('run'))).id;
select tests.do_complete(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'steps', tests.steps('a'))));
select tests.set('plan', (tests.approval_of(tests.get('run'), 'plan')).id);
select is(tests.value_for('max', 'select count(*) from public.confined'), '0', 'the member sees no row of the owner');
select is(tests.value_for('max', 'select count(*) from goalpost.inbox'), '0', 'a plan that the owner asked to see is not in others'' inboxes');
select is(tests.value_for('olga', 'select waits_for from goalpost.inbox'), 'requester', 'the plan is in the inbox of its requester, the owner');
select is(tests.decided('max', tests.get('plan'), 'approved', jsonb_build_object('edited', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'steps', tests.steps('a',
  '{"a": {"input": {"tool": "sql", "arguments": {"query": "select * from public.confined"}}}}'))))), 'ZG002', 'a member does not edit and approve the owner''s plan');
select is(tests.decided(p, tests.get('plan'), 'approved'), 'ZG002', format('%s does not approve the plan that the owner asked to see', p)) from unnest(array['max', 'petra', 'adam']) p;
select is(tests.decided('max', tests.get('plan'), 'rejected'), 'ZG002', 'a member does not reject the owner''s plan either');
select is(tests.decided('olga', tests.get('plan'), 'approved', jsonb_build_object('edited', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'steps', tests.steps('b'))))), 'none', 'the requester edits their own plan');

-- An approver edits a call that is held.
select tests.set('work', tests.planned('a', jsonb_build_object('a', tests.agent()), '[]', 'mia'));
select tests.start(tests.get('work'), 'a');
select tests.set('call', tests.asks(tests.get('work'), 'a'));
select tests.leave_waiting(tests.get('work'), 'a');
select is(tests.decide('petra', tests.get('call'), 'approved', '{"edited": {"query": "select * from public.confined"}, "comment": "all of it"}') ->> 'waits_for', 'requester', 'an edited query waits for the requester');
select is((tests.the_call(tests.get('work'), 'a')).state, 'waiting', 'the call is not made meanwhile');
select is((tests.the_call(tests.get('work'), 'a')).arguments, '{"query": "select 1"}', 'the call keeps its arguments meanwhile');
select is(tests.value_for('petra', 'select count(*) from goalpost.inbox where approval_id = ' || tests.get('call')), '0', 'an edited call leaves the approvers'' inbox');
select is(tests.decided('adam', tests.get('call'), 'approved', jsonb_build_object('hash', tests.hash('{"query": "select * from public.confined"}'))), 'ZG002', 'another approver cannot confirm an edited call');
select results_eq(format('select tests.value_for(''mia'', ''select %s from goalpost.inbox where approval_id = %s'')', c.name, tests.get('call')), array[c.value], 'the inbox of the requester shows ' || c.name)
  from (values ('original ->> ''''query''''', 'select 1'), ('subject ->> ''''query''''', 'select * from public.confined'), ('edited_by', tests.id_of('petra')::text)) c (name, value);
select is(tests.decided('mia', tests.get('call'), 'approved'), 'ZG004', 'the requester has to name the version that they confirm');
select is(tests.decide('mia', tests.get('call'), 'rejected', '{"comment": "not that"}') ->> 'state', 'pending', 'an edit rejected by the requester restores the pending original');
select is(tests.value_for('petra', 'select subject ->> ''query'' from goalpost.inbox where approval_id = ' || tests.get('call')), 'select 1', 'approvers see the original again');
select is(tests.decided('mia', tests.get('call'), 'approved'), 'ZG002', 'the requester does not approve the original without the role');
select tests.decide('petra', tests.get('call'), 'approved', '{"edited": {"query": "select 3"}}');
select is(tests.confirm('mia', tests.get('call')) ->> 'state', 'approved', 'an edit confirmed by the requester is approved');
select is((tests.the_call(tests.get('work'), 'a')).arguments, '{"query": "select 3"}', 'the confirmed version is called');
select is((select corrected_by from goalpost.corrections where approval_id = tests.get('call')), tests.id_of('petra'), 'the correction names the editor');

-- The requester edits what they may decide.
select tests.set('own', tests.planned('a', jsonb_build_object('a', tests.agent()), '[]', 'petra'));
select tests.start(tests.get('own'), 'a');
select is(tests.decide('petra', tests.asks(tests.get('own'), 'a'), 'approved', '{"edited": {"query": "select 4"}}') ->> 'state', 'approved', 'an edit by the requester needs no other person');

-- A requester who may not decide can only confirm.
select tests.set('two', tests.planned('a', jsonb_build_object('a', tests.agent()), '[]', 'petra'));
select tests.start(tests.get('two'), 'a');
select tests.set('others', tests.asks(tests.get('two'), 'a', 'tool_call', '{"requester_may_decide": false}'));
select tests.decide('adam', tests.get('others'), 'approved', '{"edited": {"query": "select 5"}}');
select is(tests.decide('petra', tests.get('others'), 'approved', '{"edited": {"query": "select 6"}}') ->> 'waits_for', 'approver', 'an edit by an excluded requester waits for others again');
select is(tests.decided('petra', tests.get('others'), 'approved'), 'ZG002', 'the excluded requester cannot approve their own edit');
select is(tests.confirm('adam', tests.get('others')) ->> 'state', 'approved', 'another person approves the edit of the excluded requester');

-- An unconfirmed edit expires like any approval.
select tests.set('late', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('late'), 'a');
select tests.set('unconfirmed', tests.asks(tests.get('late'), 'a'));
select tests.decide('petra', tests.get('unconfirmed'), 'approved', '{"edited": {"query": "select 7"}}');
select tests.advance_clock('8 days');
select is(tests.confirm('mia', tests.get('unconfirmed')) ->> 'state', 'expired', 'an edit that the requester does not confirm in time expires');
select is((tests.the_call(tests.get('late'), 'a')).state, 'denied', 'the call of an expired edit is denied');

select * from finish();
rollback;
