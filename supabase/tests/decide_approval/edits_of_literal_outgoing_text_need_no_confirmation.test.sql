-- Every edit by an approver waits for the requester, except edits of text that is sent literally.
begin;
select plan(16);
select tests.world();

create temp table edit (number integer generated always as identity, tool text, original jsonb, edited jsonb, waits boolean, label text);
insert into edit (tool, original, edited, waits, label) values
  ('email', '{"to": ["a@x.test"], "subject": "s", "text": "t"}', '{"to": ["a@x.test"], "subject": "Hello", "text": "better"}', false, 'an e-mail''s subject and text need no confirmation'),
  ('email', '{"to": ["a@x.test"], "subject": "s", "text": "t"}', '{"to": ["b@x.test"], "subject": "s", "text": "t"}', true, 'a recipient needs confirmation'),
  ('email', '{"to": ["a@x.test"], "subject": "s", "text": "t"}', '{"to": ["a@x.test", "b@x.test"], "subject": "s", "text": "t"}', true, 'one more recipient needs confirmation'),
  ('email', '{"to": ["a@x.test"], "subject": "s", "text": "t"}', '{"to": ["a@x.test"], "subject": "s", "text": "{{ rows }}"}', true, 'a template in place of a text needs confirmation'),
  ('email', '{"to": ["a@x.test"], "subject": "s", "text": "{% for r in rows %}"}', '{"to": ["a@x.test"], "subject": "s", "text": "t"}', true, 'a text in place of a template needs confirmation'),
  ('email', '{"to": ["a@x.test"], "subject": "s", "text": "t"}', '{"to": ["a@x.test"], "subject": "s", "text": "t", "html": "<p>t</p>"}', true, 'a part that was not there needs confirmation'),
  ('webhook', '{"url": "https://a.test/", "body": {"text": "t"}}', '{"url": "https://a.test/", "body": {"text": "u"}}', false, 'the text of a posted message needs no confirmation'),
  ('webhook', '{"url": "https://a.test/", "body": {"text": "t"}}', '{"url": "https://b.test/", "body": {"text": "t"}}', true, 'an address needs confirmation'),
  ('webhook', '{"url": "https://a.test/", "body": {"text": "t"}}', '{"url": "https://a.test/", "body": {"text": "t", "channel": "all"}}', true, 'another field of a message needs confirmation'),
  ('webhook', '{"url": "https://a.test/", "body": {"text": "t"}}', '{"url": "https://a.test/", "body": {"text": {"a": 1}}}', true, 'an object in place of a text needs confirmation'),
  ('http', '{"method": "POST", "url": "https://a.test/", "body": "t"}', '{"method": "POST", "url": "https://a.test/", "body": "u"}', true, 'the body of a call to an API needs confirmation'),
  ('table_write', '{"table": "public.t", "rows": [{"a": "x"}]}', '{"table": "public.t", "rows": [{"a": "y"}]}', true, 'rows need confirmation'),
  ('template', '{"template": "a"}', '{"template": "b"}', true, 'a template needs confirmation'),
  ('sql', '{"query": "select 1"}', '{"query": "select 2"}', true, 'a query needs confirmation'),
  ('sql', '{"query": "select 1"}', '{"query": "select 1"}', false, 'an edit that changes nothing needs no confirmation');
select tests.set('run' || number, tests.planned('a', jsonb_build_object('a', tests.agent()))) from edit order by number;
select tests.start(tests.get('run' || number), 'a') from edit order by number;
select tests.set('call' || number, tests.asks(tests.get('run' || number), 'a', 'tool_call', '{}', tool, original)) from edit order by number;
select is(tests.decide('petra', tests.get('call' || number), 'approved', jsonb_build_object('edited', edited)) ->> 'state',
          case when waits then 'pending' else 'approved' end, label) from edit order by number;
select is_empty($$ select t.path from goalpost.tools o, goalpost_private.literal_text_paths(o.name) t (path)
                    where o.parameters -> 'properties' -> t.path[1] is null $$, 'every path of literal text is an argument of its tool');

select * from finish();
rollback;
