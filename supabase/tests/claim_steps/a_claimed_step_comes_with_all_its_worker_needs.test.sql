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
  'the keys that workers are promised');
select is(tests.kept('step')::jsonb ->> 'workspace_id', tests.id_of('acme')::text, 'the workspace of the row');
select is(tests.kept('step')::jsonb #> '{context,steps}', '{"a": {"rows": [1]}}', 'the results it depends on');
select is(tests.kept('step')::jsonb #>> '{context,question}', 'reach a goal', 'what was asked');
select is(tests.kept('step')::jsonb #>> '{context,goal,title}', 'A goal', 'and for which goal');
select is(tests.kept('step')::jsonb #> '{context,readable_schemas}', '["public"]', 'what it may read');
select is(tests.kept('step')::jsonb #> '{context,now}', to_jsonb(goalpost_private.clock()), 'and what time it is');

select * from finish();
rollback;
