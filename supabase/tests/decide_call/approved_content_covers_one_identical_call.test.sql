-- A call that a person approved in a step before it needs no second approval; any other call does.
begin;
select plan(20);
select tests.world();
select tests.tools();

create function pg_temp.content(p_tool text, p_arguments text) returns jsonb language sql as $$
  select jsonb_build_object('tool', p_tool, 'arguments', p_arguments::jsonb) $$;
create function pg_temp.asked(p_content jsonb, p_more jsonb default '{}') returns jsonb language sql as $$
  select tests.approval() || jsonb_build_object('input', jsonb_build_object('question', 'Send it?', 'content', p_content) || p_more) $$;
select tests.set('run', tests.planned('ap, member, no, open, a:ap, b:ap, c, d:member, e:no, f:open', jsonb_build_object(
  'ap', pg_temp.asked(pg_temp.content('mail', '{"to": "x"}')), 'member', pg_temp.asked(pg_temp.content('mail', '{"to": "x"}'), '{"required_role": "member"}'),
  'no', pg_temp.asked(pg_temp.content('mail', '{"to": "x"}'), '{"on_reject": "continue"}'), 'open', pg_temp.asked(pg_temp.content('mail', '{"to": "x"}')),
  'a', tests.agent('hand'), 'b', tests.agent('hand'), 'c', tests.agent('hand'), 'd', tests.agent('hand'), 'e', tests.agent('hand'), 'f', tests.agent('hand'))));
select is(tests.policy(tests.get('run'), 'a', 'mail', '{"to": "x"}'), 'needs_approval tool_approval', 'content that waits for a decision covers no call');
select tests.decide('petra', (tests.approval_of(tests.get('run'), k)).id, d) from (values ('ap', 'approved'), ('member', 'approved'), ('no', 'rejected')) v (k, d);

select is(tests.policy(tests.get('run'), 'a', 'mail', '{"to": "x"}'), 'allow approved_before', 'the identical call needs no second approval');
select is(tests.policy(tests.get('run'), 'a', 'mail', '{"to": "y"}'), 'needs_approval tool_approval', 'a call with other arguments needs approval');
select is(tests.policy(tests.get('run'), 'a', 'mail', '{"to": "x", "cc": "y"}'), 'needs_approval tool_approval', 'a call with one more argument needs approval');
select is(tests.policy(tests.get('run'), 'c', 'mail', '{"to": "x"}'), 'needs_approval tool_approval', 'a step that does not depend on the approval needs its own');
select is(tests.policy(tests.get('run'), 'd', 'mail', '{"to": "x"}'), 'needs_approval tool_approval', 'an approval that members may give covers no call');
select is(tests.policy(tests.get('run'), 'e', 'mail', '{"to": "x"}'), 'needs_approval tool_approval', 'rejected content covers no call');
select is(tests.policy(tests.get('run'), 'f', 'mail', '{"to": "x"}'), 'needs_approval tool_approval', 'content that is not decided covers no call');

insert into goalpost.tool_policies (workspace_id, name, tool, effect) values (tests.id_of('acme'), 'careful', 'mail', 'needs_approval');
select is(tests.policy(tests.get('run'), 'a', 'mail', '{"to": "x"}'), 'allow approved_before', 'a call that a policy holds for approval is covered');
insert into goalpost.tool_policies (workspace_id, name, tool, effect) values (tests.id_of('acme'), 'never', 'mail', 'deny');
select is(tests.policy(tests.get('run'), 'a', 'mail', '{"to": "x"}'), 'deny never', 'a call that a policy denies is not covered');
delete from goalpost.tool_policies;

select tests.call(tests.get('run'), 'b', 'done', 'mail', '{"to": "x"}');
select is(tests.policy(tests.get('run'), 'a', 'mail', '{"to": "x"}'), 'allow approved_before', 'a call approved by itself does not use up the cover');
update goalpost.tool_calls set rule = 'approved_before' where run_id = tests.get('run') and step_key = 'b';
select is(tests.policy(tests.get('run'), 'a', 'mail', '{"to": "x"}'), 'needs_approval tool_approval', 'one approval covers one call');
select is((goalpost_private.decide_call(tests.step(tests.get('run'), 'b'), tests.the_call(tests.get('run'), 'b'), goalpost_private.clock())).rule, 'approved_before',
  'the covered call stays covered when it is decided again');

-- Approvals and calls of other kinds, tools, arguments and runs.
select tests.set('other', tests.planned('x, ap, two, post, a:x+ap+two+post', jsonb_build_object('x', tests.agent('hand'), 'ap', pg_temp.asked(pg_temp.content('mail', '{"to": "x"}')),
  'two', pg_temp.asked(pg_temp.content('mail', '{"to": "z"}')), 'post', pg_temp.asked(pg_temp.content('send', '{"to": "z"}')), 'a', tests.agent('hand'))));
select tests.start(tests.get('other'), 'x');
select tests.decide('petra', tests.asks(tests.get('other'), 'x', 'tool_call', '{}', 'look', '{"tool": "mail", "arguments": {"to": "w"}}'), 'approved');
select is(tests.policy(tests.get('other'), 'a', 'mail', '{"to": "w"}'), 'needs_approval tool_approval', 'arguments of an approved call that look like content cover nothing');
select is(tests.policy(tests.get('other'), 'a', 'mail', '{"to": "x"}'), 'needs_approval tool_approval', 'an approval of another run with that key covers nothing');
select tests.decide('petra', (tests.approval_of(tests.get('other'), k)).id, 'approved') from unnest(array['ap', 'two', 'post']) k;
select is(tests.policy(tests.get('other'), 'a', 'mail', '{"to": "x"}'), 'allow approved_before', 'a covered call of another run does not use up the cover');
insert into goalpost.tool_policies (workspace_id, name, tool, effect) values (tests.id_of('acme'), 'careful', 'send', 'needs_approval');
select is(tests.policy(tests.get('other'), 'a', 'send', '{"to": "x"}'), 'needs_approval careful', 'content for another tool covers nothing');
select tests.call(tests.get('other'), 'a', 'done', 'mail', '{"to": "z"}');
update goalpost.tool_calls set rule = 'approved_before' where run_id = tests.get('other') and step_key = 'a';
select is(tests.policy(tests.get('other'), 'a', 'mail', '{"to": "x"}'), 'allow approved_before', 'a covered call with other arguments does not use it up');
select is(tests.policy(tests.get('other'), 'a', 'send', '{"to": "z"}'), 'allow approved_before', 'a covered call of another tool does not use it up');
delete from goalpost.tool_policies;

select tests.set('tainted', tests.planned('r, ap:r, s:ap', jsonb_build_object('r', '{"input": {"tool": "read", "arguments": {}}}'::jsonb,
  'ap', pg_temp.asked(pg_temp.content('send', '{"text": "{{ steps.r.text }}"}')), 's', '{"input": {"tool": "send", "arguments": {"text": "{{ steps.ap.content.arguments.text }}"}}}'::jsonb)));
select tests.do_complete(tests.get('tainted'), 'r', '{"text": "text of others"}');
select tests.decide('petra', (tests.approval_of(tests.get('tainted'), 'ap')).id, 'approved');
select is(tests.policy(tests.get('tainted'), 's', 'send', '{"text": "text of others"}'), 'allow approved_before', 'a tainted text that a person has read may be sent');

select * from finish();
rollback;
