-- One sequence from 1 over all runs of a request, without a gap.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, sub:a', jsonb_build_object('sub', tests.subgoal())));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_fail(tests.run_below(tests.get('run'), 'sub'), 'plan');
select is(
  (select array_agg(e.sequence::bigint order by e.sequence) from goalpost.events e where e.root_run_id = (select root_run_id from goalpost.workflow_runs where id = tests.get('run'))),
  (select array_agg(n) from generate_series(1, (select count(*) from goalpost.events e where e.root_run_id = (select root_run_id from goalpost.workflow_runs where id = tests.get('run')))) n),
  'the events of a request are numbered from 1 without a gap');
select set_eq(
  format('select type from goalpost.events where root_run_id = (select root_run_id from goalpost.workflow_runs where id = %s)', tests.get('run')),
  array['goal.opened', 'step.completed', 'step.failed', 'run.completed', 'run.failed'], 'each kind of event that happened is in the history');

select * from finish();
rollback;
