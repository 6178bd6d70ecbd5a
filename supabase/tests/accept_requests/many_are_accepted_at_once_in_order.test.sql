-- All requests or none are accepted, and the results are in the order of the requests; keys work as for single requests.
begin;
select plan(8);
select tests.world(p_bystanders => false);

select tests.speak_as('mia');
select tests.set('first', (goalpost.accept_request(tests.id_of('acme'), 'known', 'k1') ->> 'request_id')::bigint);
select tests.set('answers', goalpost.accept_requests(tests.id_of('acme'), '[
  {"question": "one"}, {"question": "known", "idempotency_key": "k1"}, {"question": "two", "idempotency_key": "k2"},
  {"question": "two", "idempotency_key": "k2"}, {"question": "three"}]')::text);
reset role;
select is((select string_agg(q.question, ' ' order by t.number)
             from jsonb_array_elements(tests.kept('answers')::jsonb) with ordinality t (value, number)
             join goalpost.requests q on q.id = (t.value ->> 'request_id')::bigint),
          'one known two two three', 'the results are in the order of the requests');
select is((select string_agg(t.value ->> 'repeated', ' ' order by t.number)
             from jsonb_array_elements(tests.kept('answers')::jsonb) with ordinality t (value, number)),
          'false true false true false', 'a key that was there, or comes twice, is a repetition');
select is(tests.kept('answers')::jsonb #>> '{1,request_id}', tests.get('first')::text, 'a known key returns the first request with that key');
select is((select count(*) from goalpost.requests q where q.state = 'accepted'), 4::bigint, 'five entries with one repeated key make four requests');
select is((select count(*) from goalpost.steps s where s.kind = 'assess' and s.state = 'ready'), 4::bigint, 'each accepted request has an assessment that is ready');
select is(tests.refusal_for('mia', format('select goalpost.accept_requests(%L, %L)', tests.id_of('acme'),
  '[{"question": "good"}, {"question": "other", "idempotency_key": "k1"}]')), 'ZG004', 'a key that belongs to another question is refused');
select is(tests.refusal_for('mia', format('select goalpost.accept_requests(%L, %L)', tests.id_of('acme'),
  '[{"question": "good"}, {"question": ""}]')), 'ZG003', 'a list with an empty question is refused');
select is((select count(*) from goalpost.requests q), 4::bigint, 'a refused list leaves no request');

select * from finish();
rollback;
