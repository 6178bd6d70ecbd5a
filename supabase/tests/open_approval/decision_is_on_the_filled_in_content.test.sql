-- The content of an approval step is filled in when the step is opened, and people decide on that version.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('a, ap:a', jsonb_build_object(
  'ap', tests.approval() || '{"input": {"question": "Send it?", "content": {"text": "{{ steps.a.text }}", "rows": "{{ steps.a.rows }}"}}}')));
select tests.do_complete(tests.get('run'), 'a', '{"text": "Dear Mia", "rows": [1, 2]}');
select is((tests.approval_of(tests.get('run'), 'ap')).subject, '{"text": "Dear Mia", "rows": [1, 2]}', 'the subject of the approval is the filled-in content');
select is((tests.approval_of(tests.get('run'), 'ap')).subject_hash, goalpost_private.hash_of((tests.approval_of(tests.get('run'), 'ap')).subject), 'the subject has the hash of its content');

select tests.set('run2', tests.planned('a, ap:a', jsonb_build_object(
  'ap', tests.approval() || '{"input": {"question": "Send it?", "content": {"a": "{{ steps.a.text }}", "b": "{{ steps.a.text }}"}}}')));
update goalpost_private.limits set max_result_bytes = 100;
select tests.do_complete(tests.get('run2'), 'a', jsonb_build_object('text', repeat('x', 60)));
select is((tests.step(tests.get('run2'), 'ap')).error ->> 'code', 'content_too_large', 'content above the bound of results fails the step');
select is((tests.approval_of(tests.get('run2'), 'ap')).id, null, 'content above the bound leaves no approval');
select is((tests.step(tests.get('run'), 'ap')).state, 'waiting', 'content below the bound waits for a decision');

select * from finish();
rollback;
