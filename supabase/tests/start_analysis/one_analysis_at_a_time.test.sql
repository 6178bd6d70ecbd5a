-- An approver starts an analysis of a workspace: a request whose run is one step for the analyzer.
begin;
select plan(8);
select tests.world();

create function pg_temp.start(p_person text) returns jsonb language sql as $$
  select tests.json_for(p_person, format('select goalpost.start_analysis(%L)', tests.id_of('acme'))) $$;
select is(tests.refusal_for('mia', format('select goalpost.start_analysis(%L)', tests.id_of('acme'))), 'ZG002', 'a member does not start an analysis');
select is(tests.refusal_for('sam', format('select goalpost.start_analysis(%L)', tests.id_of('acme'))), 'ZG001', 'a stranger sees no such workspace');
select tests.set('first', (pg_temp.start('petra') ->> 'request_id')::bigint);
select is((select s.kind || ' ' || s.state || ' ' || (r.user_id = tests.id_of('petra')) from goalpost.steps s join goalpost.workflow_runs r on r.id = s.run_id where r.request_id = tests.get('first')),
          'analyze ready true', 'the run is one ready step, in the name of the caller');
select is(tests.wake_count('analyzer'), 1::bigint, 'the analyzer is woken');
select is(pg_temp.start('adam'), jsonb_build_object('request_id', tests.get('first'), 'started', false), 'an analysis under way is returned');
select is((select count(*) from goalpost.requests where workspace_id = tests.id_of('acme')), 1::bigint, 'no second one is opened');
select tests.set('run', (select id from goalpost.workflow_runs where request_id = tests.get('first')));
select tests.do_complete(tests.get('run'), 'analyze', '{"text": "nothing", "improvements": []}');
select is((select state || ' ' || answer_text from goalpost.requests where id = tests.get('first')), 'answered nothing', 'the text is the answer');
select is(pg_temp.start('adam') -> 'started', 'true', 'after its end another one is opened');

select * from finish();
rollback;
