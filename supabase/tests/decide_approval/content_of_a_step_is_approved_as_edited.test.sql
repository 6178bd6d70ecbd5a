-- The edited content of a step is its result, and is kept as a correction.
begin;
select plan(16);
select tests.world();
select tests.tools();
update goalpost.tools set parameters = '{"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}' where name = 'send';

create function pg_temp.asking(p_name text, p_content jsonb, p_more jsonb default '{}') returns void language sql as $$
  select tests.set(p_name, tests.planned('ap', jsonb_build_object('ap', tests.approval() || jsonb_build_object('input',
    jsonb_build_object('question', 'Send it?', 'content', p_content) || p_more))));
  select tests.set(p_name || '_approval', (tests.approval_of(tests.get(p_name), 'ap')).id) $$;
create function pg_temp.result(p_name text) returns jsonb language sql as $$ select (tests.step(tests.get(p_name), 'ap')).result - 'comment' - 'decided_by' $$;

select pg_temp.asking('plain', '{"text": "a"}');
select tests.decide('petra', tests.get('plain_approval'), 'approved');
select is(pg_temp.result('plain'), '{"decision": "approved", "content": {"text": "a"}, "was_edited": false}', 'content approved without an edit is the result');

select pg_temp.asking('own', '{"text": "a"}');
select is(tests.decided('petra', tests.get('own_approval'), 'approved', '{"edited": "b"}'), 'ZG003', 'an edit of content that is no object is refused');
select tests.decide('petra', tests.get('own_approval'), 'approved', '{"edited": {"text": "b"}}');
select is((tests.step(tests.get('own'), 'ap')).state, 'waiting', 'content edited by another person waits for the requester');
select tests.confirm('mia', tests.get('own_approval'));
select is(pg_temp.result('own'), '{"decision": "approved", "content": {"text": "b"}, "was_edited": true}', 'edited content confirmed by the requester is the result');
select is((select (proposed, corrected, corrected_by = tests.id_of('petra'))::text from goalpost.corrections where run_id = tests.get('own')),
  $$("{""text"": ""a""}","{""text"": ""b""}",t)$$, 'the correction keeps the original beside the edit');

select pg_temp.asking('call', '{"tool": "send", "arguments": {"text": "a"}}');
select is(tests.decided('petra', tests.get('call_approval'), 'approved', '{"edited": {"text": "b"}}'), 'ZG003', 'content that is a call cannot become something else');
select is(tests.decided('petra', tests.get('call_approval'), 'approved', '{"edited": {"tool": "mail", "arguments": {"text": "a"}}}'), 'ZG003', 'an edit cannot change the tool of a call');
select is(tests.decided('petra', tests.get('call_approval'), 'approved', '{"edited": {"tool": "send", "arguments": {"text": 7}}}'), 'ZG003', 'an edit with arguments of a wrong type is refused');
select is(tests.decided('petra', tests.get('call_approval'), 'approved', '{"edited": {"tool": "send"}}'), 'ZG003', 'an edit of a call without arguments is refused');
select tests.decide('petra', tests.get('call_approval'), 'approved', '{"edited": {"tool": "send", "arguments": {"text": "b"}}}');
select is((tests.step(tests.get('call'), 'ap')).state, 'waiting', 'an edited call waits for the requester');

select pg_temp.asking('post', '{"tool": "webhook", "arguments": {"url": "https://a.test/", "body": {"text": "a"}}}');
select tests.decide('petra', tests.get('post_approval'), 'approved', '{"edited": {"tool": "webhook", "arguments": {"url": "https://b.test/", "body": {"text": "a"}}}}');
select is((tests.step(tests.get('post'), 'ap')).state, 'waiting', 'an edited address of a call waits for the requester');
select pg_temp.asking('text', '{"tool": "webhook", "arguments": {"url": "https://a.test/", "body": {"text": "a"}}}');
select tests.decide('petra', tests.get('text_approval'), 'approved', '{"edited": {"tool": "webhook", "arguments": {"url": "https://a.test/", "body": {"text": "b"}}}}');
select is(pg_temp.result('text') -> 'content' #>> '{arguments,body,text}', 'b', 'literal outgoing text of a call needs no confirmation');

select pg_temp.asking('none', null);
select is(tests.decided('petra', tests.get('none_approval'), 'approved', '{"edited": {"text": "b"}}'), 'ZG003', 'a step without content has nothing to edit');
select pg_temp.asking('no', '{"text": "a"}', '{"on_reject": "continue"}');
select is(tests.decided('petra', tests.get('no_approval'), 'rejected', '{"edited": {"text": "b"}}'), 'ZG003', 'a rejection with an edit is refused');
select tests.decide('petra', tests.get('no_approval'), 'rejected');
select is(pg_temp.result('no'), '{"decision": "rejected"}', 'rejected content is no result');
select is((select count(*) from goalpost.corrections where run_id in (tests.get('plain'), tests.get('no'))), 0::bigint, 'unedited content is no correction');

select * from finish();
rollback;
