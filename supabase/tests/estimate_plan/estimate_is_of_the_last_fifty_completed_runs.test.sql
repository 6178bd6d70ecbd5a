-- The estimate for a runbook's plan is taken from its completed runs in the same workspace, at most the last fifty.
begin;
select plan(6);
select tests.world();

select tests.set('book', goalpost_private.publish_builtin_runbook('tests-book', 1, 't', 'd', 'g', '{}', false, '{"steps": []}'));
create function pg_temp.past(p_workspace text, p_state text, p_microusd bigint, p_runs integer default 1) returns void language plpgsql as $$
declare
  v_run_id bigint;
begin
  for n in 1 .. p_runs loop
    v_run_id := tests.bare_run(p_workspace, case p_workspace when 'acme' then 'mia' else 'sam' end);
    perform tests.bare_step(v_run_id, 'a', 'completed', 'agent');
    perform tests.bare_turn(v_run_id, 'a');
    insert into goalpost.usage_events (run_id, step_key, number, lease_epoch, workspace_id, provider, model, cost_microusd, created_at)
    values (v_run_id, 'a', 1, 1, tests.id_of(p_workspace), 'p', 'm', p_microusd, now());
    update goalpost.workflow_runs set runbook_id = tests.get('book'), state = p_state, ended_at = case when p_state <> 'running' then now() end where id = v_run_id;
  end loop;
end
$$;
create function pg_temp.estimate() returns jsonb language sql as $$
  select goalpost_private.estimate_plan((select r from goalpost.workflow_runs r where r.id = tests.get('run')),
    jsonb_build_object('runbook_id', tests.get('book'), 'plan', jsonb_build_object('steps', tests.steps('a')))) $$;
select tests.set('run', tests.goal());
select pg_temp.past('elsewhere', 'completed', 900000);
select pg_temp.past('acme', 'failed', 900000);
select pg_temp.past('acme', 'running', 900000);
select is(pg_temp.estimate() ->> 'from', 'plan', 'other workspaces'' runs and incomplete runs are no history');
select pg_temp.past('acme', 'completed', 100);
select is(pg_temp.estimate() - 'from', '{"runs": 1, "cost_microusd": 100, "least_microusd": 100, "most_microusd": 100}', 'the estimate from one completed run is its cost');
select pg_temp.past('acme', 'completed', 300);
select is(pg_temp.estimate() ->> 'cost_microusd', '200', 'the estimate from two completed runs is their mean');
select pg_temp.past('acme', 'completed', 7, 49);
select is(pg_temp.estimate() ->> 'runs', '50', 'fifty of 51 completed runs count');
select is(pg_temp.estimate() ->> 'cost_microusd', '13', 'the oldest of 51 completed runs does not count');
select is(pg_temp.estimate() ->> 'from', 'history', 'the estimate names history as its source');

select * from finish();
rollback;
