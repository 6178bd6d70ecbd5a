-- The kinds with exactly what is decided on, and the age by the database's clock. What is not for them is not there.
begin;
select plan(10);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('call', tests.asks(tests.get('run'), 'a'));
select tests.advance_clock('90 seconds');
select tests.set('question', tests.asks(tests.get('run'), 'a', 'question', '{"answer_schema": {"type": "integer"}}'));
select is(tests.json_for('petra', 'select goalpost.read_inbox()') #>> '{0,waiting_seconds}', '90', 'the longest first, with its age');
select is(tests.json_for('petra', 'select goalpost.read_inbox()') #> '{0,subject}', '{"query": "select 1"}', 'exact arguments');
select is(tests.json_for('petra', 'select goalpost.read_inbox()') #>> '{0,tool}', 'sql', 'of a tool');
select is(tests.json_for('petra', 'select goalpost.read_inbox()') #>> '{0,kind}', 'tool_call', 'a call');
select is(tests.json_for('petra', 'select goalpost.read_inbox()') #>> '{0,subject_hash}', goalpost_private.hash_of('{"query": "select 1"}'), 'the version');
select is(tests.json_for('mia', 'select goalpost.read_inbox()') #> '{0,answer_schema}', '{"type": "integer"}', 'a member has the question, with what the answer has to be');
select is(jsonb_array_length(tests.json_for('mia', 'select goalpost.read_inbox()')), 1, 'and it alone');
select is(tests.json_for('sam', 'select goalpost.read_inbox()'), '[]', 'a stranger has nothing');
select is(tests.json_for('petra', format('select goalpost.read_inbox(%L)', tests.id_of('elsewhere'))), '[]', 'of another workspace, nothing');
update goalpost.approvals set requester_may_decide = false, decider_id = null;
select is(tests.json_for('mia', 'select goalpost.read_inbox()'), '[]', 'what whoever asked may not decide does not wait for them');

select * from finish();
rollback;
