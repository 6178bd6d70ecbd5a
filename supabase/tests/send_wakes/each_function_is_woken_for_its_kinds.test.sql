-- assess: intake, plan: planner, agent and tool: executor, judge: aggregator; no function for kinds that SQL completes.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('a, b, ap', jsonb_build_object('b', tests.agent(), 'ap', tests.approval('{"on_reject": "continue"}'))));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'b');
select tests.value_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', (tests.approval_of(tests.get('run'), 'ap')).id));
select set_eq('select function from goalpost.wakes', array['intake', 'planner', 'executor', 'aggregator'], 'each of the four functions is woken for its kinds');

select * from finish();
rollback;
