-- Steps as requested, with defaults for what is not given, the criteria, the revision, and a judge behind all ends.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.goal());
select tests.do_complete(tests.get('run'), 'plan', jsonb_build_object('reasons', '["because"]'::jsonb, 'plan', jsonb_build_object(
  'summary', 'do it',
  'criteria', '["plain", {"description": "checked", "check": "true"}, {"check": "no description"}, 7]'::jsonb,
  'report', '{"title": "R", "body": "B"}'::jsonb,
  'steps', tests.steps('a, b:a, c:a, d, e:c', jsonb_build_object(
    'a', '{"title": "First", "max_attempts": 5, "timeout_seconds": 60, "on_failure": "continue"}'::jsonb,
    'b', tests.agent(), 'c', '{"condition": {"a": {"x": 1}}}'::jsonb)))));

select results_eq(
  format('select key, kind, title, revision, max_attempts, timeout_seconds, on_failure, remaining_dependencies, state, condition
            from goalpost.steps where run_id = %s and kind <> ''plan'' order by key', tests.get('run')),
  $$ values ('a', 'tool', 'First', 1, 5, 60, 'continue', 0, 'ready', null::jsonb),
            ('b', 'agent', 'b', 1, 3, 300, 'fail', 1, 'pending', null),
            ('c', 'tool', 'c', 1, 3, 300, 'fail', 1, 'pending', '{"a": {"x": 1}}'),
            ('d', 'tool', 'd', 1, 3, 300, 'fail', 0, 'ready', null),
            ('e', 'tool', 'e', 1, 3, 300, 'fail', 1, 'pending', null),
            ('judge', 'judge', 'Judge the result', 1, 3, 300, 'fail', 3, 'pending', null) $$, 'the steps have the values of the plan or defaults');
select is((select name from goalpost.agents where id = (tests.step(tests.get('run'), 'b')).agent_id), 'analyst', 'an agent step refers to the agent''s version at planning time');
select set_eq(
  format('select d || '' -> '' || key from goalpost.steps cross join unnest(depends_on) d where run_id = %s', tests.get('run')),
  array['a -> b', 'a -> c', 'c -> e', 'b -> judge', 'e -> judge', 'd -> judge'], 'depends_on lists each dependency, and the judge has every end');
select set_eq(
  format('select key || '' -> '' || d from goalpost.steps cross join unnest(dependents) d where run_id = %s', tests.get('run')),
  array['a -> b', 'a -> c', 'c -> e', 'b -> judge', 'e -> judge', 'd -> judge'], 'dependents lists the same dependencies from the other end');
select results_eq(
  format('select number, description, check_definition #>> ''{}'', verdict from goalpost.goal_criteria where goal_id = %s order by number', (tests.goal_of(tests.get('run'))).id),
  $$ values (1, 'plain', null, 'open'), (2, 'checked', 'true', 'open') $$, 'only criteria with a description are kept, numbered from 1');
select is((select plan ->> 'summary' from goalpost.plan_revisions where run_id = tests.get('run') and revision = 1), 'do it', 'the plan is kept as it came');
select is((select reasons from goalpost.plan_revisions where run_id = tests.get('run')), '["because"]', 'the plan revision keeps its reasons');
select is((select report ->> 'title' from goalpost.workflow_runs where id = tests.get('run')), 'R', 'the run keeps the template of the report');
select is((tests.step(tests.get('run'), 'plan')).result ->> 'step_count', '5', 'the result of the plan step counts its steps');

select * from finish();
rollback;
