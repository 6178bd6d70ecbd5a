-- One call is enough: identity, limits, input and context come together, and the workspace comes from the row.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('a, b:a'));
select tests.do_complete(tests.get('run'), 'a', '{"rows": [1]}');
select tests.set('step', (tests.claim('tool', 1) -> 0)::text);

select is(
  (select array_agg(k order by k) from jsonb_object_keys(tests.kept('step')::jsonb) k),
  array['attempt', 'context', 'goal_id', 'input', 'kind', 'lease_epoch', 'max_attempts', 'request_id', 'run_id', 'step_key',
        'timeout_seconds', 'title', 'workspace_id'],
  'a claimed step has the documented keys');
select is(tests.kept('step')::jsonb ->> 'workspace_id', tests.id_of('acme')::text, 'a claimed step has the workspace of its row');
select is(tests.kept('step')::jsonb #> '{context,steps}', '{"a": {"rows": [1]}}', 'the context contains the results of dependencies');
select is(tests.kept('step')::jsonb #>> '{context,question}', 'reach a goal', 'the context contains the question of the request');
select is(tests.kept('step')::jsonb #>> '{context,goal,title}', 'A goal', 'the context contains the goal''s title');
select is(tests.kept('step')::jsonb #> '{context,readable_schemas}', '["public"]', 'the context contains the readable schemas');
select is(tests.kept('step')::jsonb #> '{context,now}', to_jsonb(goalpost_private.clock()), 'the context contains the current time');

select * from finish();
rollback;
