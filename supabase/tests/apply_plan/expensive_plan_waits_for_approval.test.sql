-- A plan waits for a person above the workspace's threshold, or where the request asks to see it.
begin;
select plan(6);
select tests.world();

update goalpost.workspaces set plan_approval_microusd = 59999 where id = tests.id_of('acme');
select tests.set('costly', tests.planned('a, b', jsonb_build_object('a', tests.agent(), 'b', tests.agent())));
select is(tests.state(tests.get('costly'), 'plan'), 'waiting', 'a plan estimated above the workspace''s threshold waits');
update goalpost.workspaces set plan_approval_microusd = 60000 where id = tests.id_of('acme');
select tests.set('cheap', tests.planned('a, b', jsonb_build_object('a', tests.agent(), 'b', tests.agent())));
select is(tests.state(tests.get('cheap'), 'plan'), 'completed', 'a plan estimated at the threshold does not wait');

select tests.set('run', tests.goal());
update goalpost.requests set budget = '{"approve_plan": true}' where id = (tests.request_of(tests.get('run'))).id;
select tests.do_complete(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a'))));
select is((tests.approval_of(tests.get('run'), 'plan')).required_role, 'member', 'a requester who asked to see the plan may decide it');
select tests.decide('mia', (tests.approval_of(tests.get('run'), 'plan')).id, 'approved');
select is(tests.states(tests.get('run')), 'a=ready judge=pending', 'an approved plan takes effect');

-- The estimate comes from finished runs, where there are any.
insert into goalpost.runbooks (name, title, description, goal_type, plan) values ('known', 't', 'd', 'g', '{}');
select tests.set('book', (select id from goalpost.runbooks where name = 'known'));
create function pg_temp.past(p_cost bigint) returns void language plpgsql as $$
declare v_run bigint := tests.bare_run();
begin
  perform tests.bare_step(v_run, 'a', 'running');
  perform tests.spend(v_run, 'a', p_cost);
  update goalpost.workflow_runs set runbook_id = tests.get('book'), state = 'completed', ended_at = now() where id = v_run;
end $$;
select pg_temp.past(c) from unnest(array[100, 200, 300]) c;
select is(goalpost_private.estimate_plan((select r from goalpost.workflow_runs r where id = tests.get('run')), jsonb_build_object('runbook_id', tests.get('book'), 'plan', '{}'::jsonb)),
  '{"from": "history", "runs": 3, "cost_microusd": 200, "least_microusd": 0, "most_microusd": 400}', 'the estimate is mean and spread of finished runs');
select is(goalpost_private.estimate_plan((select r from goalpost.workflow_runs r where id = tests.get('run')), '{"runbook_id": "x", "plan": {"steps": 7}}') ->> 'from', 'plan', 'an unreadable runbook id falls back to the plan''s estimate');

select * from finish();
rollback;
