-- One call may carry many completions: one that is refused or late takes nothing from the others.
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
  tests.outcome(tests.get('run'), 'nobody', 'completed', '{"result": {}}'),
  tests.outcome(tests.get('run'), 'e', 'released')))::text);

select is(
  (select string_agg(o ->> 'step_key' || '=' || (o ->> 'verdict'), ' ' order by n)
     from jsonb_array_elements(tests.kept('answer')::jsonb -> 'outcomes') with ordinality x (o, n)),
  'a=accepted b=lease_lost c=refused d=repeated nobody=refused e=accepted', 'six verdicts, in order');
select is(tests.states(tests.get('run')), 'a=completed b=running c=running d=completed e=ready judge=pending', 'and six consequences');
select is(tests.kept('answer')::jsonb #>> '{outcomes,2,message}', 'the outcome must be completed, failed, waiting or released', 'a reason for c');
select is(tests.kept('answer')::jsonb #>> '{outcomes,4,message}', 'there is no such step', 'a reason for nobody');

select * from finish();
rollback;
