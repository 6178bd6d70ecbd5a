-- A completed goal has its cost with its sub-goals; goals that are open or failed are not listed.
begin;
select plan(6);
select tests.world();

insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
select tests.set('run', tests.planned('a, sub', jsonb_build_object('a', tests.agent('own'), 'sub', tests.subgoal())));
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
select tests.spend(tests.get('run'), 'a', 100);
select tests.set('other', tests.planned('a', jsonb_build_object('a', tests.agent('own'))));
select tests.spend(tests.get('other'), 'a', 11);
create function pg_temp.seen(p_person text) returns text language sql as $$
  select tests.value_for(p_person, 'select string_agg(goal_id || '': '' || calls || '', '' || cost_microusd || '', '' || seconds, ''; '' order by goal_id) from goalpost.achieved_goal_costs') $$;
select is(pg_temp.seen('mia'), null, 'an open goal is not listed');
update goalpost.goals set state = 'completed', ended_at = created_at + interval '2 seconds' where id = tests.get('goal');
select is(pg_temp.seen('mia'), format('%s: 1, 100, 2.000', tests.get('goal')), 'a completed goal has its calls, cost and seconds');
update goalpost.goals set root_goal_id = tests.get('goal'), parent_goal_id = tests.get('goal'), parent_run_id = tests.get('run'), parent_step_key = 'sub', state = 'completed', ended_at = created_at
 where id = (tests.goal_of(tests.get('other'))).id;
select is(pg_temp.seen('mia'), format('%s: 2, 111, 2.000', tests.get('goal')), 'the cost of a sub-goal counts for its root');
update goalpost.goals set state = 'failed' where id = tests.get('goal');
select is(pg_temp.seen('mia'), null, 'a failed goal is not listed');
update goalpost.goals set state = 'completed' where id = tests.get('goal');
select is(pg_temp.seen('sam'), null, 'a stranger sees none');
select is(tests.value_for('vera', 'select count(*) from goalpost.achieved_goal_costs'), '1', 'a viewer sees it');

select * from finish();
rollback;
