-- Open steps and approvals are cancelled, sub-goals below are cancelled with their work, agents are closed.
begin;
select plan(10);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a, ap, sub, b:ap, bad',
  jsonb_build_object('a', tests.agent(), 'ap', tests.approval(), 'sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.do_complete(tests.get('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps',
  tests.steps('x, y', jsonb_build_object('x', tests.agent(), 'y', tests.subgoal())))));
select tests.set('deepest', tests.run_below(tests.get('below'), 'y'));
select tests.start(tests.get('below'), 'x');
select tests.do_fail(tests.get('run'), 'bad');
select tests.report_failure(tests.get('run'));

select is(tests.states(tests.get('run')), 'a=cancelled ap=cancelled b=cancelled bad=failed judge=completed sub=cancelled', 'open steps are cancelled, and the judge reports');
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'cancelled', 'the open approval is cancelled with the run');
select is(tests.run_state(tests.get('below')), 'cancelled', 'the run of the sub-goal is cancelled');
select is(tests.run_state(tests.get('deepest')), 'cancelled', 'the run of the deepest sub-goal is cancelled');
select is((tests.goal_of(tests.get('below'))).state, 'cancelled', 'the sub-goal is cancelled with the run above');
select is((tests.goal_of(tests.get('below'))).reason, 'the goal above it ended', 'the sub-goal''s reason is the end of the goal above');
select is(tests.states(tests.get('below')), 'judge=cancelled x=cancelled y=cancelled', 'the steps of the sub-goal are cancelled');
select is_empty('select from goalpost.agent_instances where state = ''open''', 'no agent is left open when the run ends');
select is((select count(*) from goalpost.agent_instances where closed_at is not null), 2::bigint, 'both agents of the tree are closed');
select is_empty(
  format('select from goalpost.steps s join goalpost.workflow_runs r on r.id = s.run_id
           where r.root_run_id = (select root_run_id from goalpost.workflow_runs where id = %s)
             and s.state in (''pending'', ''ready'', ''running'', ''waiting'')', tests.get('run')), 'no step of the tree is left open');

select * from finish();
rollback;
