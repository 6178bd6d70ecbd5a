-- Each kind of approval, with every decision that a person may not make or that has a wrong shape. None of them decides.
begin;
select * from no_plan();
select tests.world(p_bystanders => false);

update goalpost.tools set parameters = '{"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"], "additionalProperties": false}' where name = 'sql';
update goalpost.workspaces set on_exhausted = 'ask', goal_budget_microusd = 0 where id = tests.id_of('acme');

-- One approval of each kind, for approvers, and not for the requester, who is an admin here.
select tests.set('run', tests.planned('a, ap', jsonb_build_object('a', tests.agent(), 'ap', tests.approval('{"requester_may_decide": false}')), '[]', 'adam'));
select tests.start(tests.get('run'), 'a');
create temp table asked (kind text primary key, id bigint, good text, more jsonb default '{}');
insert into asked select k, tests.asks(tests.get('run'), 'a', k, '{"required_role": "approver", "requester_may_decide": false}'), g, m
  from (values ('tool_call', 'approved', '{}'::jsonb), ('question', 'answered', '{"answer": "x"}'), ('outcome_unknown', 'happened', '{}')) v (k, g, m);
insert into asked select 'step', (tests.approval_of(tests.get('run'), 'ap')).id, 'approved';
insert into asked select 'budget', ((goalpost_private.reserve_turn(tests.step(tests.get('run'), 'a'),
  '{"provider": "p", "model": "m", "max_input_tokens": 10, "max_output_tokens": 10}', goalpost_private.clock())).refusal ->> 'waits_for_person')::bigint, 'approved';
update goalpost.workspaces set approve_plans = true where id = tests.id_of('acme');
select tests.set('planning', tests.planned('z', '{}', '[]', 'adam'));
insert into asked values ('plan', (tests.approval_of(tests.get('planning'), 'plan')).id, 'approved');
update goalpost.approvals set requester_may_decide = false;
select is((select count(*) from asked join goalpost.approvals a using (id) where a.kind = asked.kind and a.state = 'pending'), 6::bigint, 'one approval of each kind is pending');

-- People who may not decide.
select is(tests.decided('vera', id, good, more), 'ZG002', kind || ' cannot be decided by a viewer') from asked;
select is(tests.decided('mia', id, good, more), 'ZG002', kind || ' for approvers cannot be decided by a member') from asked;
select is(tests.decided('sam', id, good, more), 'ZG001', kind || ' is not visible to a stranger') from asked;
select is(tests.decided('adam', id, good, more), 'ZG002', kind || ' cannot be decided by an excluded requester') from asked;
select is(tests.decided('adam', id, 'rejected'), 'ZG002', kind || ' cannot be rejected by an excluded requester') from asked;
-- Values that are no decision.
select is(tests.decided('petra', id, d), 'ZG003', format('%s cannot be decided with "%s"', kind, d)) from asked, unnest(array['', 'maybe', 'expired', 'cancelled', 'pending', 'APPROVED']) d;
select is(tests.decided('petra', id, 'answered', '{"answer": "x"}'), 'ZG003', kind || ' cannot be answered') from asked where kind <> 'question';
select is(tests.decided('petra', id, 'happened'), 'ZG003', kind || ' cannot be decided as happened') from asked where kind <> 'outcome_unknown';
select is(tests.decided('petra', id, 'approved'), 'ZG003', kind || ' cannot be approved') from asked where kind in ('question', 'outcome_unknown');
select is(tests.decided('petra', id, good, more || '{"edited": {"query": "x"}}'), 'ZG003', kind || ' cannot be edited') from asked where kind in ('step', 'question', 'outcome_unknown');
select is(tests.decided('petra', id, 'rejected', '{"edited": {"query": "x"}}'), 'ZG003', kind || ' cannot be rejected with an edit') from asked;
select is(tests.decided('petra', id, 'rejected', '{"answer": "x"}'), 'ZG003', kind || ' cannot be rejected with an answer') from asked;
select is(tests.decided('petra', id, good, more || jsonb_build_object('comment', repeat('x', 4001))), 'ZG003', kind || ' cannot be decided with a comment of 4001 characters') from asked;
-- Edits of the wrong shape.
select is(tests.decided('petra', id, 'approved', jsonb_build_object('edited', e::jsonb)), 'ZG003', format('%s cannot be edited to %s', kind, e)) from asked,
  unnest(array['[]', '7', '"x"', 'null', '{}', '{"query": 7}', '{"query": "x", "more": 1}']) e where kind in ('tool_call', 'budget') and e <> 'null';
select is(tests.decided('petra', id, 'approved', jsonb_build_object('edited', e::jsonb)), 'ZG003', format('%s cannot be edited to %s', kind, e)) from asked,
  unnest(array['[]', '{}', '{"plan": 7}', '{"plan": {"steps": []}}', '{"plan": {"steps": [{"key": "z", "kind": "magic"}]}}', '{"plan": {"steps": [{"key": "z", "kind": "tool", "input": {"tool": "none", "arguments": {}}}]}}']) e where kind = 'plan';
select is(tests.decided('petra', id, 'approved', jsonb_build_object('edited', (select subject from goalpost.approvals a where a.id = asked.id) || e::jsonb)), 'ZG003', 'budget cannot be edited to ' || e) from asked,
  unnest(array['{"max_microusd": -1}', '{"max_microusd": 1.5}', '{"max_microusd": "all"}', '{"max_tokens": 1e30}', '{"scope": "workspace_month", "key": "2030-01"}', '{"key": "x"}', '{"workspace_id": 1}']) e where kind = 'budget';
select is(tests.decided('petra', id, 'approved', jsonb_build_object('edited', jsonb_build_object('query', repeat('x', 300000)))), 'ZG007', 'an edit of a tool call above the size bound is refused') from asked where kind = 'tool_call';
select is(tests.decided('petra', id, 'answered', jsonb_build_object('answer', repeat('x', 70000))), 'ZG007', 'an answer above the size bound is refused') from asked where kind = 'question';
-- Another version than the present one.
select is(tests.decided('petra', id, good, more || '{"hash": "0000"}'), 'ZG004', kind || ' cannot be decided with the hash of another version') from asked where kind <> 'step';
update goalpost.tool_calls set arguments = '{"query": "drop"}' where run_id = tests.get('run') and number = 1;
select is(tests.decided('petra', id, 'approved'), 'ZG004', 'a call whose arguments changed under their hash cannot be approved') from asked where kind = 'tool_call';
update goalpost.tool_calls set arguments_hash = goalpost_private.hash_of(arguments) where run_id = tests.get('run');
select is(tests.decided('petra', id, 'approved'), 'ZG004', 'a call whose arguments changed with their hash cannot be approved') from asked where kind = 'tool_call';
select is(tests.decided('petra', id, 'approved', '{"edited": {"query": "fine"}}'), 'ZG004', 'a call whose arguments changed cannot be edited') from asked where kind = 'tool_call';
select is(tests.decided('petra', id, 'rejected'), 'none', 'a call whose arguments changed can still be rejected') from asked where kind = 'tool_call';
update goalpost.tool_calls set arguments = '{"query": "select 1"}', arguments_hash = goalpost_private.hash_of('{"query": "select 1"}') where run_id = tests.get('run');
update goalpost.tool_calls set state = 'denied', ended_at = now() where run_id = tests.get('run') and number < 3;
select is(tests.decided('petra', id, good, more), 'ZG004', kind || ' cannot be decided when its call no longer waits') from asked where kind in ('tool_call', 'question');
update goalpost.tool_calls set state = 'waiting', ended_at = null where run_id = tests.get('run') and number < 3;

select is((select string_agg(distinct a.state, ' ') from goalpost.approvals a join asked using (id)), 'pending', 'all approvals are pending after the refused decisions');
select is_empty('select from goalpost.corrections', 'the refused decisions leave no correction');
select is_empty('select from goalpost.approval_votes', 'the refused decisions leave no vote');
select is_empty('select from goalpost.budget_raises', 'the refused decisions raise no cap');
select is((select string_agg(state, ' ' order by number) from goalpost.tool_calls where run_id = tests.get('run')), 'waiting waiting unknown', 'the refused decisions move no call');

-- A late and a repeated decision: the first one stays.
select tests.advance_clock('8 days');
select is(tests.decide('petra', id, good, more) ->> 'state', 'expired', kind || ' expires at a decision after its time') from asked order by (kind = 'step'), kind;
select is((select string_agg(distinct a.state, ' ') from goalpost.approvals a join asked using (id)), 'expired', 'all late approvals have expired');
select is(tests.decide('petra', id, 'rejected') ->> 'first', 'false', kind || ' cannot be decided a second time') from asked;
select is((select string_agg(distinct a.state, ' ') from goalpost.approvals a join asked using (id)), 'expired', 'a second decision leaves the approvals expired');

select * from finish();
rollback;
