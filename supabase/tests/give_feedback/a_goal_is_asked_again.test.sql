-- A rating of the requester may ask again: a new request with the remark; the first goal stays.
begin;
select plan(11);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('acme'), 'book', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a')));
select tests.set('run', (tests.json_for('mia', format('select goalpost.accept_request(%L, ''go'', p_runbook => ''book'', p_context => ''{"region": "north"}'', p_budget => ''{"max_microusd": 5}'')', tests.id_of('acme'))) ->> 'run_id')::bigint);
select tests.do_complete(tests.get('run'), 'a', '{"text": "done"}');
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
select tests.set('again', (tests.json_for('mia', format('select goalpost.give_feedback(%s, ''bad'', '' only the north '', p_again => true)', tests.get('goal'))) ->> 'request_id')::bigint);
select is((select question || ' ' || runbook || ' ' || (user_id = tests.id_of('mia')) from goalpost.requests where id = tests.get('again')), 'go book true', 'the new request has the question and the runbook of its requester');
select is((select budget from goalpost.requests where id = tests.get('again')), '{"max_microusd": 5}', 'the new request has the budget');
select is((select context -> 'earlier' ->> 'remark' from goalpost.requests where id = tests.get('again')), 'only the north', 'the new request has the remark');
select is((select context ->> 'region' from goalpost.requests where id = tests.get('again')), 'north', 'the new request has the context');
select is((select context -> 'earlier' -> 'report' from goalpost.requests where id = tests.get('again')), null, 'the report, which may be untrusted, is no context of the new request');
select is(tests.refusal_for('olga', format('select goalpost.give_feedback(%s, ''bad'', p_again => true)', tests.get('goal'))), 'ZG002', 'an owner does not run another person''s question with their rights');
select is((select count(*) from goalpost.feedback where user_id = tests.id_of('olga')), 0::bigint, 'nothing is written by the refused call');
select is((select state from goalpost.goals where id = tests.get('goal')), 'completed', 'the first goal stays completed');
select is(tests.refusal_for('sam', format('select goalpost.give_feedback(%s, ''bad'', p_again => true)', tests.get('goal'))), 'ZG001', 'a stranger can neither rate nor ask again');

select is((select rule_depth from goalpost.requests where id = tests.get('again')), 0, 'the question of a person stays one');
update goalpost.requests set rule_depth = 2 where id = (tests.goal_of(tests.get('run'))).request_id;
select tests.set('again', (tests.json_for('mia', format('select goalpost.give_feedback(%s, ''bad'', p_again => true)', tests.get('goal'))) ->> 'request_id')::bigint);
select is((select rule_depth from goalpost.requests where id = tests.get('again')), 2, 'and that of a rule contains text of others when it is asked again, too');
select * from finish();
rollback;
