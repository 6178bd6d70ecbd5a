-- Where no judge can report (it failed, there is none yet, the goal was cancelled), SQL writes a partial report.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('a, b'));
select tests.do_complete(tests.get('run'), 'a', '{"text": "There are 12 lamps."}');
select tests.do_fail(tests.get('run'), 'b');
select tests.do_fail(tests.get('run'), 'judge');
select is(tests.run_state(tests.get('run')), 'failed', 'the run ends when its judge fails');
select matches((tests.goal_of(tests.get('run'))).report, 'This goal failed: step judge failed.*There are 12 lamps.*b: failed, it broke',
  'the report has the reason, completed results and open steps');

select tests.set('plan', tests.goal());
select tests.do_fail(tests.get('plan'), 'plan');
select matches((tests.goal_of(tests.get('plan'))).report, 'This goal failed: step plan failed: it broke\.$', 'a goal without a plan has a report');

select tests.set('cancelled', tests.planned('a'));
select tests.value_for('mia', format('select goalpost.cancel_goal(%s)', (tests.goal_of(tests.get('cancelled'))).id));
select matches((tests.goal_of(tests.get('cancelled'))).report, 'This goal was cancelled', 'a cancelled goal has a report');
select is((tests.request_of(tests.get('cancelled'))).answer_text, (tests.goal_of(tests.get('cancelled'))).report, 'the request shows the same report');

select * from finish();
rollback;
