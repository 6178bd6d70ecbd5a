-- An ended goal has the estimate of its first plan beside its cost.
begin;
select plan(5);
select tests.world();

insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent('own'))));
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
select tests.spend(tests.get('run'), 'a', 100);
update goalpost.plan_revisions set estimate = '{"from": "plan", "cost_microusd": 90, "least_microusd": 50, "most_microusd": 100}' where run_id = tests.get('run');
insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan, estimate) select run_id, revision + 1, workspace_id, plan, '{"from": "plan", "cost_microusd": 1, "least_microusd": 1, "most_microusd": 1}' from goalpost.plan_revisions where run_id = tests.get('run');
create function pg_temp.seen(p_person text) returns text language sql as $$
  select tests.value_for(p_person, 'select string_agg(concat_ws('', '', goal_id, estimated_from, estimated_microusd, cost_microusd, is_within), ''; '') from goalpost.estimate_accuracy') $$;
select is(pg_temp.seen('mia'), null, 'a goal that goes on is not listed');
update goalpost.goals set state = 'failed', ended_at = created_at where id = tests.get('goal');
select is(pg_temp.seen('mia'), format('%s, plan, 90, 100, t', tests.get('goal')), 'an ended goal has the estimate of its first plan and its cost');
select tests.spend(tests.get('run'), 'a', 1);
select is(pg_temp.seen('mia'), format('%s, plan, 90, 101, f', tests.get('goal')), 'a cost above the upper bound is not within');
select is(pg_temp.seen('sam'), null, 'a stranger sees none');
update goalpost.plan_revisions set estimate = null where run_id = tests.get('run');
select is(pg_temp.seen('mia'), null, 'a goal without an estimate is not listed');

select * from finish();
rollback;
