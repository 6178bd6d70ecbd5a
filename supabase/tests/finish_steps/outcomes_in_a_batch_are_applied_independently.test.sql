-- One call may contain many completions: a refused or late one does not affect the others.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a, b, c, d, e'));
select tests.start(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'd');
select tests.set('answer', tests.finish_all(jsonb_build_array(
  tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}'),
  tests.outcome(tests.get('run'), 'b', 'completed', '{"result": {}, "lease_epoch": 77}'),
  tests.outcome(tests.get('run'), 'c', 'finished'),
  tests.outcome(tests.get('run'), 'd', 'completed', '{"result": {}}'),
  tests.outcome(tests.get('run'), 'absent', 'completed', '{"result": {}}'),
  tests.outcome(tests.get('run'), 'e', 'released')))::text);

select is(
  (select string_agg(o ->> 'step_key' || '=' || (o ->> 'verdict'), ' ' order by n)
     from jsonb_array_elements(tests.kept('answer')::jsonb -> 'outcomes') with ordinality x (o, n)),
  'a=accepted b=lease_lost c=refused d=repeated absent=refused e=accepted', 'each outcome has its own verdict, in order');
select is(tests.states(tests.get('run')), 'a=completed b=running c=running d=completed e=ready judge=pending', 'each outcome has its own effect');
select is(tests.kept('answer')::jsonb #>> '{outcomes,2,message}', 'the outcome must be completed, failed, waiting or released', 'a refused outcome has a message');
select is(tests.kept('answer')::jsonb #>> '{outcomes,4,message}', 'there is no such step', 'an outcome of an unknown step has a message');

select * from finish();
rollback;
