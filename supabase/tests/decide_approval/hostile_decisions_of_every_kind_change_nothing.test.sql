-- Each kind of approval, and everything that somebody could try who may not, or not so. Nothing is decided by any of it.
begin;
select * from no_plan();
select tests.world(p_bystanders => false);

update goalpost.tools set parameters = '{"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"], "additionalProperties": false}' where name = 'sql';
update goalpost.workspaces set on_exhausted = 'ask', goal_budget_microusd = 0 where id = tests.id_of('acme');

-- One of each, for approvers, and not for whoever asked, who is an admin here.
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
select is((select count(*) from asked join goalpost.approvals a using (id) where a.kind = asked.kind and a.state = 'pending'), 6::bigint, 'there is one of each kind');

-- Who may not.
select is(tests.decided('vera', id, good, more), 'ZG002', kind || ': a viewer') from asked;
select is(tests.decided('mia', id, good, more), 'ZG002', kind || ': a member, where approvers are asked') from asked;
select is(tests.decided('sam', id, good, more), 'ZG001', kind || ': a stranger') from asked;
select is(tests.decided('adam', id, good, more), 'ZG002', kind || ': whoever asked, where others have to') from asked;
select is(tests.decided('adam', id, 'rejected'), 'ZG002', kind || ': nor do they reject it') from asked;
-- What is none.
select is(tests.decided('petra', id, d), 'ZG003', format('%s: %s is no decision', kind, d)) from asked, unnest(array['', 'maybe', 'expired', 'cancelled', 'pending', 'APPROVED']) d;
select is(tests.decided('petra', id, 'answered', '{"answer": "x"}'), 'ZG003', kind || ': is no question') from asked where kind <> 'question';
select is(tests.decided('petra', id, 'happened'), 'ZG003', kind || ': nothing can have happened') from asked where kind <> 'outcome_unknown';
select is(tests.decided('petra', id, 'approved'), 'ZG003', kind || ': is not approved') from asked where kind in ('question', 'outcome_unknown');
select is(tests.decided('petra', id, good, more || '{"edited": {"query": "x"}}'), 'ZG003', kind || ': nothing to edit') from asked where kind in ('step', 'question', 'outcome_unknown');
select is(tests.decided('petra', id, 'rejected', '{"edited": {"query": "x"}}'), 'ZG003', kind || ': a rejection edits nothing') from asked;
select is(tests.decided('petra', id, 'rejected', '{"answer": "x"}'), 'ZG003', kind || ': nor does it answer') from asked;
select is(tests.decided('petra', id, good, more || jsonb_build_object('comment', repeat('x', 4001))), 'ZG003', kind || ': too long a comment') from asked;
-- Edits of the wrong shape.
select is(tests.decided('petra', id, 'approved', jsonb_build_object('edited', e::jsonb)), 'ZG003', format('%s: edited to %s', kind, e)) from asked,
  unnest(array['[]', '7', '"x"', 'null', '{}', '{"query": 7}', '{"query": "x", "more": 1}']) e where kind in ('tool_call', 'budget') and e <> 'null';
select is(tests.decided('petra', id, 'approved', jsonb_build_object('edited', e::jsonb)), 'ZG003', format('%s: edited to %s', kind, e)) from asked,
  unnest(array['[]', '{}', '{"plan": 7}', '{"plan": {"steps": []}}', '{"plan": {"steps": [{"key": "z", "kind": "magic"}]}}', '{"plan": {"steps": [{"key": "z", "kind": "tool", "input": {"tool": "none", "arguments": {}}}]}}']) e where kind = 'plan';
select is(tests.decided('petra', id, 'approved', jsonb_build_object('edited', (select subject from goalpost.approvals a where a.id = asked.id) || e::jsonb)), 'ZG003', 'budget: ' || e) from asked,
  unnest(array['{"max_microusd": -1}', '{"max_microusd": 1.5}', '{"max_microusd": "all"}', '{"max_tokens": 1e30}', '{"scope": "workspace_month", "key": "2030-01"}', '{"key": "x"}', '{"workspace_id": 1}']) e where kind = 'budget';
select is(tests.decided('petra', id, 'approved', jsonb_build_object('edited', jsonb_build_object('query', repeat('x', 300000)))), 'ZG007', 'tool_call: too large') from asked where kind = 'tool_call';
select is(tests.decided('petra', id, 'answered', jsonb_build_object('answer', repeat('x', 70000))), 'ZG007', 'question: too large') from asked where kind = 'question';
-- Another version than the one that is there.
select is(tests.decided('petra', id, good, more || '{"hash": "0000"}'), 'ZG004', kind || ': another version') from asked where kind <> 'step';
update goalpost.tool_calls set arguments = '{"query": "drop"}' where run_id = tests.get('run') and number = 1;
select is(tests.decided('petra', id, 'approved'), 'ZG004', 'tool_call: arguments that changed under their hash') from asked where kind = 'tool_call';
update goalpost.tool_calls set arguments_hash = goalpost_private.hash_of(arguments) where run_id = tests.get('run');
select is(tests.decided('petra', id, 'approved'), 'ZG004', 'tool_call: arguments that changed with their hash') from asked where kind = 'tool_call';
select is(tests.decided('petra', id, 'approved', '{"edited": {"query": "fine"}}'), 'ZG004', 'tool_call: and editing them is no way round') from asked where kind = 'tool_call';
select is(tests.decided('petra', id, 'rejected'), 'none', 'tool_call: it can still be rejected') from asked where kind = 'tool_call';
update goalpost.tool_calls set arguments = '{"query": "select 1"}', arguments_hash = goalpost_private.hash_of('{"query": "select 1"}') where run_id = tests.get('run');
update goalpost.tool_calls set state = 'denied', ended_at = now() where run_id = tests.get('run') and number < 3;
select is(tests.decided('petra', id, good, more), 'ZG004', kind || ': a call that waits no more') from asked where kind in ('tool_call', 'question');
update goalpost.tool_calls set state = 'waiting', ended_at = null where run_id = tests.get('run') and number < 3;

select is((select string_agg(distinct a.state, ' ') from goalpost.approvals a join asked using (id)), 'pending', 'after all this nothing is decided');
select is_empty('select from goalpost.corrections', 'nothing was kept');
select is_empty('select from goalpost.approval_votes', 'nobody voted');
select is_empty('select from goalpost.budget_raises', 'no cap was raised');
select is((select string_agg(state, ' ' order by number) from goalpost.tool_calls where run_id = tests.get('run')), 'waiting waiting unknown', 'no call was moved');

-- Twice, and too late: the first decision stays.
select tests.advance_clock('8 days');
select is(tests.decide('petra', id, good, more) ->> 'state', 'expired', kind || ': too late') from asked order by (kind = 'step'), kind;
select is((select string_agg(distinct a.state, ' ') from goalpost.approvals a join asked using (id)), 'expired', 'they expired with the first who came');
select is(tests.decide('petra', id, 'rejected') ->> 'first', 'false', kind || ': decided twice') from asked;
select is((select string_agg(distinct a.state, ' ') from goalpost.approvals a join asked using (id)), 'expired', 'they stay as they were');

select * from finish();
rollback;
