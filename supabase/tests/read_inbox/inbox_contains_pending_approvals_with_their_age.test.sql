-- Each kind with exactly the version to decide on, and the age by the database's clock. Approvals for others are not
-- included.
begin;
select plan(10);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('call', tests.asks(tests.get('run'), 'a'));
select tests.advance_clock('90 seconds');
select tests.set('question', tests.asks(tests.get('run'), 'a', 'question', '{"answer_schema": {"type": "integer"}}'));
select is(tests.json_for('petra', 'select goalpost.read_inbox()') #>> '{0,waiting_seconds}', '90', 'the oldest approval comes first, with its age');
select is(tests.json_for('petra', 'select goalpost.read_inbox()') #> '{0,subject}', '{"query": "select 1"}', 'the approval of a call has its exact arguments');
select is(tests.json_for('petra', 'select goalpost.read_inbox()') #>> '{0,tool}', 'sql', 'the approval of a call names its tool');
select is(tests.json_for('petra', 'select goalpost.read_inbox()') #>> '{0,kind}', 'tool_call', 'the approval of a call has the kind tool_call');
select is(tests.json_for('petra', 'select goalpost.read_inbox()') #>> '{0,subject_hash}', goalpost_private.hash_of('{"query": "select 1"}'), 'the approval of a call has the hash of its arguments');
select is(tests.json_for('mia', 'select goalpost.read_inbox()') #> '{0,answer_schema}', '{"type": "integer"}', 'a question has the schema of its answer');
select is(jsonb_array_length(tests.json_for('mia', 'select goalpost.read_inbox()')), 1, 'a member has only the question');
select is(tests.json_for('sam', 'select goalpost.read_inbox()'), '[]', 'a stranger has an empty inbox');
select is(tests.json_for('petra', format('select goalpost.read_inbox(%L)', tests.id_of('elsewhere'))), '[]', 'another workspace''s inbox is empty for this person');
update goalpost.approvals set requester_may_decide = false, decider_id = null;
select is(tests.json_for('mia', 'select goalpost.read_inbox()'), '[]', 'approvals the requester may not decide are not in their inbox');

select * from finish();
rollback;
