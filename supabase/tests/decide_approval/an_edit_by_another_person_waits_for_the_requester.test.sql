-- A call runs with the rights of the person who asked. What another person makes of it waits until that person agrees.
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
select tests.keep('run', tests.goal('olga'));
update goalpost.requests set budget = '{"approve_plan": true}' where id = (tests.request_of(tests.the('run'))).id;
select tests.do_complete(tests.the('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'steps', tests.steps('a'))));
select tests.keep('plan', (tests.approval_of(tests.the('run'), 'plan')).id);
select is(tests.value_for('max', 'select count(*) from public.confined'), '0', 'the member sees no row of the owner');
select is(tests.value_for('max', 'select count(*) from goalpost.inbox'), '0', 'a plan that the owner asked to see does not wait for a member');
select is(tests.value_for('olga', 'select waits_for from goalpost.inbox'), 'requester', 'it waits for the owner, who is the requester');
select is(tests.decided('max', tests.the('plan'), 'approved', jsonb_build_object('edited', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'steps', tests.steps('a',
  '{"a": {"input": {"tool": "sql", "arguments": {"query": "select * from public.confined"}}}}'))))), 'ZG002', 'a member does not edit and approve the owner''s plan');
select is(tests.decided(p, tests.the('plan'), 'approved'), 'ZG002', format('%s does not approve the plan that the owner asked to see', p)) from unnest(array['max', 'petra', 'adam']) p;
select is(tests.decided('max', tests.the('plan'), 'rejected'), 'ZG002', 'a member does not reject it either');
select is(tests.decided('olga', tests.the('plan'), 'approved', jsonb_build_object('edited', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'steps', tests.steps('b'))))), 'none', 'the requester edits their own plan');

-- An approver edits a call that is held.
select tests.keep('work', tests.planned('a', jsonb_build_object('a', tests.agent()), '[]', 'mia'));
select tests.start(tests.the('work'), 'a');
select tests.keep('call', tests.asks(tests.the('work'), 'a'));
select tests.leave_waiting(tests.the('work'), 'a');
select is(tests.decide('petra', tests.the('call'), 'approved', '{"edited": {"query": "select * from public.confined"}, "comment": "all of it"}') ->> 'waits_for', 'requester', 'an edited query waits for the requester');
select is((tests.the_call(tests.the('work'), 'a')).state, 'waiting', 'the call is not made meanwhile');
select is((tests.the_call(tests.the('work'), 'a')).arguments, '{"query": "select 1"}', 'the call keeps its arguments meanwhile');
select is(tests.value_for('petra', 'select count(*) from goalpost.inbox where approval_id = ' || tests.the('call')), '0', 'it does not wait for approvers any more');
select is(tests.decided('adam', tests.the('call'), 'approved', jsonb_build_object('hash', tests.hash('{"query": "select * from public.confined"}'))), 'ZG002', 'another approver cannot confirm it');
select results_eq(format('select tests.value_for(''mia'', ''select %s from goalpost.inbox where approval_id = %s'')', c.name, tests.the('call')), array[c.value], 'the requester sees the ' || c.name)
  from (values ('original ->> ''''query''''', 'select 1'), ('subject ->> ''''query''''', 'select * from public.confined'), ('edited_by', tests.id_of('petra')::text)) c (name, value);
select is(tests.decided('mia', tests.the('call'), 'approved'), 'ZG004', 'the requester has to name the version that they confirm');
select is(tests.decide('mia', tests.the('call'), 'rejected', '{"comment": "not that"}') ->> 'state', 'pending', 'rejected by the requester, the original is pending again');
select is(tests.value_for('petra', 'select subject ->> ''query'' from goalpost.inbox where approval_id = ' || tests.the('call')), 'select 1', 'approvers see the original again');
select is(tests.decided('mia', tests.the('call'), 'approved'), 'ZG002', 'the requester does not approve the original without the role');
select tests.decide('petra', tests.the('call'), 'approved', '{"edited": {"query": "select 3"}}');
select is(tests.confirm('mia', tests.the('call')) ->> 'state', 'approved', 'confirmed by the requester, it is approved');
select is((tests.the_call(tests.the('work'), 'a')).arguments, '{"query": "select 3"}', 'the confirmed version is called');
select is((select corrected_by from goalpost.corrections where approval_id = tests.the('call')), tests.id_of('petra'), 'the correction names the editor');

-- The requester edits what they may decide.
select tests.keep('own', tests.planned('a', jsonb_build_object('a', tests.agent()), '[]', 'petra'));
select tests.start(tests.the('own'), 'a');
select is(tests.decide('petra', tests.asks(tests.the('own'), 'a'), 'approved', '{"edited": {"query": "select 4"}}') ->> 'state', 'approved', 'an edit by the requester needs nobody else');

-- Where the requester may not decide, confirming is all that they may do.
select tests.keep('two', tests.planned('a', jsonb_build_object('a', tests.agent()), '[]', 'petra'));
select tests.start(tests.the('two'), 'a');
select tests.keep('others', tests.asks(tests.the('two'), 'a', 'tool_call', '{"requester_may_decide": false}'));
select tests.decide('adam', tests.the('others'), 'approved', '{"edited": {"query": "select 5"}}');
select is(tests.decide('petra', tests.the('others'), 'approved', '{"edited": {"query": "select 6"}}') ->> 'waits_for', 'approver', 'another edit by a requester who may not decide waits for others again');
select is(tests.decided('petra', tests.the('others'), 'approved'), 'ZG002', 'the excluded requester does not decide on it');
select is(tests.confirm('adam', tests.the('others')) ->> 'state', 'approved', 'others approve what the requester made of it');

-- It expires like any other.
select tests.keep('late', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.the('late'), 'a');
select tests.keep('unconfirmed', tests.asks(tests.the('late'), 'a'));
select tests.decide('petra', tests.the('unconfirmed'), 'approved', '{"edited": {"query": "select 7"}}');
select tests.pass('8 days');
select is(tests.confirm('mia', tests.the('unconfirmed')) ->> 'state', 'expired', 'an edit that the requester does not confirm in time expires');
select is((tests.the_call(tests.the('late'), 'a')).state, 'denied', 'its call is not made');

select * from finish();
rollback;
