-- No criterion, no report and one last step that a worker completes: its result is the run's, and no judge is needed.
begin;
select plan(8);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values
  (tests.id_of('acme'), 'plain', 'Plain', 'd', 'g', jsonb_build_object('steps', tests.steps('a, b:a, c:a, d:b+c'))),
  (tests.id_of('acme'), 'two_ends', 'Two ends', 'd', 'g', jsonb_build_object('steps', tests.steps('a, b:a, c:a'))),
  (tests.id_of('acme'), 'reported', 'Reported', 'd', 'g', jsonb_build_object('report', '{"title": "R"}'::jsonb, 'steps', tests.steps('a'))),
  (tests.id_of('acme'), 'decided', 'Decided', 'd', 'g', jsonb_build_object('steps', tests.steps('a, ok:a', jsonb_build_object('ok', tests.approval()))));
select tests.speak_as('mia');
create function pg_temp.started(p_name text) returns bigint language sql as $$
  select (goalpost.accept_request(tests.id_of('acme'), 'go', p_runbook => p_name) ->> 'run_id')::bigint $$;
select tests.set('plain', pg_temp.started('plain'));
select tests.set('two_ends', pg_temp.started('two_ends'));
select tests.set('reported', pg_temp.started('reported'));
select tests.set('decided', pg_temp.started('decided'));
reset role;
select is(tests.states(tests.get('two_ends')), 'a=ready b=pending c=pending judge=pending', 'a runbook with two last steps has a judge');
select is(tests.states(tests.get('reported')), 'a=ready judge=pending', 'a runbook with a report has a judge');
select is(tests.states(tests.get('decided')), 'a=ready judge=pending ok=pending', 'a runbook that ends with an approval has a judge');
select is(tests.states(tests.get('plain')), 'a=ready b=pending c=pending d=pending', 'a runbook with one last step has no judge');
select tests.do_complete(tests.get('plain'), k, '{"text": "done"}') from unnest(array['a', 'b', 'c']) k;
select is(tests.run_state(tests.get('plain')), 'running', 'the run goes on while its last step is open');
select tests.do_complete(tests.get('plain'), 'd', '{"text": "the end"}');
select is(tests.run_state(tests.get('plain')), 'completed', 'the run is completed with its last step');
select is((tests.goal_of(tests.get('plain'))).state, 'completed', 'the goal is completed with the run');
select is((tests.request_of(tests.get('plain'))).answer_text, 'the end', 'the result of the last step is the answer');

select * from finish();
rollback;
