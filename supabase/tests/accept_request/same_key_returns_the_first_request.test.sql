-- A call with the same key is safe to repeat: there is one request, in any state that it has reached meanwhile.
begin;
select plan(21);
select tests.world(p_bystanders => false);

select tests.set('first', tests.json_for('mia', format('select goalpost.accept_request(%L, ''how?'', ''k'')', tests.id_of('acme')))::text);
select tests.set('second', tests.json_for('mia', format('select goalpost.accept_request(%L, ''how?'', ''k'')', tests.id_of('acme')))::text);
select is(tests.kept('second')::jsonb, tests.kept('first')::jsonb || '{"repeated": true}', 'a repeated key returns the same ids, marked as a repetition');
select is((select count(*) from goalpost.requests), 1::bigint, 'a repeated key leaves one request');
select is((select count(*) from goalpost.workflow_runs), 1::bigint, 'a repeated key leaves one run');
select tests.do_complete((tests.kept('first')::jsonb ->> 'run_id')::bigint, 'assess', '{"decision": "answer", "text": "so"}');
select is(tests.json_for('mia', format('select goalpost.accept_request(%L, ''how?'', ''k'')', tests.id_of('acme'))) ->> 'state', 'answered', 'a repeated key returns the request also when it is answered');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''why?'', ''k'')', tests.id_of('acme'))), 'ZG004', 'another question with that key is refused');
select is(tests.json_for('adam', format('select goalpost.accept_request(%L, ''why?'', ''k'')', tests.id_of('acme'))) ->> 'repeated', 'false', 'another person may use the same key');
select is(tests.json_for('mia', format('select goalpost.accept_request(%L, ''how?'')', tests.id_of('acme'))) ->> 'repeated', 'false', 'requests without a key are always new');

-- The whole request counts.
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('acme'), 'own', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a')));
create function pg_temp.ask(p_more jsonb) returns text language sql
as $$ select tests.refusal_for('mia', format('select goalpost.accept_requests(%L, %L)', tests.id_of('acme'), jsonb_build_array('{"question": "how?", "idempotency_key": "whole", "context": {"a": 1}, "budget": {"max_tokens": 5}}'::jsonb || p_more))) $$;
select is(pg_temp.ask('{}'), 'none', 'a request with everything is accepted');
select is(pg_temp.ask('{}'), 'none', 'the identical request with the same key is accepted again');
select is(pg_temp.ask(m), 'none', format('it is the same with %s', m)) from unnest(array['{"runbook": null}', '{"parameters": {}}', '{"parameters": null}', '{"question": " how?\n"}', '{"idempotency_key": "\twhole "}']::jsonb[]) m;
select is(pg_temp.ask(m), 'ZG004', format('it is another request with %s', m)) from unnest(array['{"context": {"a": 2}}', '{"context": null}', '{"budget": {}}', '{"parameters": {"x": 1}}', '{"runbook": "own"}']::jsonb[]) m;
select is(pg_temp.ask('{"idempotency_key": " "}'), 'ZG003', 'a key of spaces is refused');
select is(tests.refusal_for('mia', format($$ select goalpost.accept_requests(%L, '[{"question": "q", "idempotency_key": "two"}, {"question": "q", "idempotency_key": "two ", "context": {"b": 1}}]') $$, tests.id_of('acme'))), 'ZG004', 'two requests of one call do not share a key');

select * from finish();
rollback;
