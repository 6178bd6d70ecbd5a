-- Every option has a default, and an option out of bounds counts as left out: options come from plans and models.
begin;
select plan(16);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select tests.set('plain', tests.asks(tests.get('run'), 'a'));
create function pg_temp.asked(p_name text) returns goalpost.approvals language sql as $$ select a from goalpost.approvals a where a.id = tests.get(p_name) $$;
select is((pg_temp.asked('plain')).required_role, 'approver', 'an approver decides by default');
select is((pg_temp.asked('plain')).quorum, 1, 'a quorum of one is the default');
select is((pg_temp.asked('plain')).requester_may_decide, true, 'the requester may decide by default');
select is((pg_temp.asked('plain')).expires_at, goalpost_private.clock() + interval '7 days', 'an approval expires after a week by default');
select is((pg_temp.asked('plain')).escalates_at, null, 'an approval does not escalate by default');
select is((pg_temp.asked('plain')).subject, '{"query": "select 1"}', 'the subject of the approval is the arguments of the call');
select is((pg_temp.asked('plain')).subject_hash, (tests.the_call(tests.get('run'), 'a')).arguments_hash, 'the approval is bound to the hash of the arguments');
select is((pg_temp.asked('plain')).goal_id, (tests.goal_of(tests.get('run'))).id, 'the approval refers to the goal of its run');

select tests.set('odd', tests.asks(tests.get('run'), 'a', 'tool_call',
  '{"required_role": "viewer", "quorum": 1000, "expires_in_seconds": -1, "escalates_in_seconds": 120, "escalates_to": "king", "answer_schema": 7, "on_reject": "odd", "requester_may_decide": "no"}'));
select is((pg_temp.asked('odd')).required_role || ' ' || (pg_temp.asked('odd')).quorum || ' ' || (pg_temp.asked('odd')).on_reject, 'approver 1 fail', 'options out of bounds are replaced by defaults');
select is((pg_temp.asked('odd')).escalates_to, 'admin', 'an escalation to an unknown role goes to admins');
select is((pg_temp.asked('odd')).number, 2, 'approvals are numbered within their step');

select tests.set('question', tests.asks(tests.get('run'), 'a', 'question', '{"quorum": 3}'));
select is((pg_temp.asked('question')).required_role || ' ' || (pg_temp.asked('question')).quorum, 'member 1', 'any member answers a question, with a quorum of one');
select is((goalpost_private.ask_person(tests.step(tests.get('run'), 'a'), 'plan', null, repeat('x', 5000), null, goalpost_private.clock())) is null, false, 'an approval without a call is created');
select is((select length(question) from goalpost.approvals order by id desc limit 1), 4000, 'a question is cut to its bounds');
select is(tests.refusal(format('select goalpost_private.ask_person(tests.step(%s, ''a''), ''tool_call'', 99, ''?'', null, goalpost_private.clock())', tests.get('run'))), 'ZG004', 'an approval for a call that does not exist is refused');
select is((select data ->> 'kind' from goalpost.events where type = 'approval.requested' order by sequence desc limit 1), 'plan', 'the requested approval is in the history');

select * from finish();
rollback;
