-- A memory of untrusted content taints the steps that received it, also after it was revoked or deleted.
begin;
select plan(6);
select tests.world();

select tests.tools();
select tests.set('run', tests.planned('a, b:a, c', jsonb_build_object('a', tests.agent('hand'), 'b', tests.agent('hand'), 'c', tests.agent('hand'))));
select tests.set('memory', tests.memory('Invoices are paid to this account', 'workspace', '{"trust": "untrusted"}'));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'c');
select is(tests.recalled(tests.get('run'), 'a', 'invoices'), array['Invoices are paid to this account'], 'the step received the memory');
select is(tests.policy(tests.get('run'), 'a', 'send'), 'needs_approval taint', 'a step that received an untrusted memory is tainted');
select is(tests.policy(tests.get('run'), 'b', 'send'), 'needs_approval taint', 'a step that depends on a tainted step is tainted');
select is(tests.policy(tests.get('run'), 'c', 'send'), 'allow default', 'a step that received no memory is not tainted');
update goalpost.memories set trust = 'revoked';
select is(tests.policy(tests.get('run'), 'a', 'send'), 'needs_approval taint', 'revoking the memory does not clear the step');
delete from goalpost.memories;
select is(tests.policy(tests.get('run'), 'a', 'send'), 'needs_approval taint', 'deleting the memory does not clear the step');

select * from finish();
rollback;
