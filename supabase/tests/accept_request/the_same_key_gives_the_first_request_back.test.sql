-- Safe to repeat: one request, whatever happened to it meanwhile.
begin;
select plan(7);
select tests.world();

select tests.keep('first', tests.json_for('mia', format('select goalpost.accept_request(%L, ''how?'', ''k'')', tests.id_of('acme')))::text);
select tests.keep('second', tests.json_for('mia', format('select goalpost.accept_request(%L, ''how?'', ''k'')', tests.id_of('acme')))::text);
select is(tests.kept('second')::jsonb, tests.kept('first')::jsonb || '{"repeated": true}', 'the same ids, and that it is a repetition');
select is((select count(*) from goalpost.requests), 1::bigint, 'one request');
select is((select count(*) from goalpost.workflow_runs), 1::bigint, 'one run');
select tests.do_complete((tests.kept('first')::jsonb ->> 'run_id')::bigint, 'assess', '{"decision": "answer", "text": "so"}');
select is(tests.json_for('mia', format('select goalpost.accept_request(%L, ''how?'', ''k'')', tests.id_of('acme'))) ->> 'state', 'answered', 'also when it is answered');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''why?'', ''k'')', tests.id_of('acme'))), 'ZG004', 'another question with that key is refused');
select is(tests.json_for('adam', format('select goalpost.accept_request(%L, ''why?'', ''k'')', tests.id_of('acme'))) ->> 'repeated', 'false', 'another person''s keys are their own');
select is(tests.json_for('mia', format('select goalpost.accept_request(%L, ''how?'')', tests.id_of('acme'))) ->> 'repeated', 'false', 'without a key each is new');

select * from finish();
rollback;
