-- All or none, each told what became of it, in the order they were told; keys are those of single requests.
begin;
select plan(8);
select tests.world(p_bystanders => false);

select tests.speak_as('mia');
select tests.set('first', (goalpost.accept_request(tests.id_of('acme'), 'known', 'k1') ->> 'request_id')::bigint);
select tests.set('told', goalpost.accept_requests(tests.id_of('acme'), '[
  {"question": "one"}, {"question": "known", "idempotency_key": "k1"}, {"question": "two", "idempotency_key": "k2"},
  {"question": "two", "idempotency_key": "k2"}, {"question": "three"}]')::text);
reset role;
select is((select string_agg(q.question, ' ' order by t.number)
             from jsonb_array_elements(tests.kept('told')::jsonb) with ordinality t (value, number)
             join goalpost.requests q on q.id = (t.value ->> 'request_id')::bigint),
          'one known two two three', 'in order');
select is((select string_agg(t.value ->> 'repeated', ' ' order by t.number)
             from jsonb_array_elements(tests.kept('told')::jsonb) with ordinality t (value, number)),
          'false true false true false', 'a key that was there, or comes twice, is a repeat');
select is(tests.kept('told')::jsonb #>> '{1,request_id}', tests.get('first')::text, 'the first request of the key is given back');
select is((select count(*) from goalpost.requests q where q.state = 'accepted'), 4::bigint, 'four requests in all');
select is((select count(*) from goalpost.steps s where s.kind = 'assess' and s.state = 'ready'), 4::bigint, 'each with its assessment');
select is(tests.refusal_for('mia', format('select goalpost.accept_requests(%L, %L)', tests.id_of('acme'),
  '[{"question": "good"}, {"question": "other", "idempotency_key": "k1"}]')), 'ZG004', 'a key of another question');
select is(tests.refusal_for('mia', format('select goalpost.accept_requests(%L, %L)', tests.id_of('acme'),
  '[{"question": "good"}, {"question": ""}]')), 'ZG003', 'one that is none');
select is((select count(*) from goalpost.requests q), 4::bigint, 'then none is accepted');

select * from finish();
rollback;
