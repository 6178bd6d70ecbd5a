begin;
select plan(3);
select tests.world();

update goalpost_private.limits set max_goals_per_request = 2;
select tests.set('first', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select is(tests.state(tests.get('first'), 'sub'), 'waiting', 'a request may have as many goals as the cap');
select tests.set('second', tests.planned('sub, more:sub', jsonb_build_object('sub', tests.subgoal(), 'more', tests.subgoal())));
select is(tests.state(tests.get('second'), 'sub'), 'waiting', 'the goals of another request of the workspace do not count');
select tests.set('third', tests.planned('sub, more', jsonb_build_object('sub', tests.subgoal(), 'more', tests.subgoal())));
select is((select string_agg(s.state, ' ' order by s.state) from goalpost.steps s where s.run_id = tests.get('third') and s.key in ('sub', 'more')), 'cancelled failed',
          'one goal beyond the cap fails its step and the run');

select * from finish();
rollback;
