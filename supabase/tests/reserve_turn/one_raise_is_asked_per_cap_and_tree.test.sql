-- Where a cap is used up, people are asked once per tree for that cap. Other approvals of the tree, approvals of another
-- cap, and approvals of another tree do not decide it.
begin;
select plan(5);
select tests.world();

select tests.price();
create function pg_temp.working() returns bigint language plpgsql as $$
declare
  v_run_id bigint := tests.working('mia', 'acme', '{"max_microusd": 1000, "on_exhausted": "ask"}');
begin
  perform tests.bare_step(v_run_id, 'b', 'running', 'agent');
  perform tests.bare_step(v_run_id, 'c', 'running', 'agent');
  return v_run_id;
end
$$;
create function pg_temp.asked(p_run_id bigint, p_key text) returns text language plpgsql as $$
declare
  v_id bigint := (tests.reserve(p_run_id, p_key) ->> 'waits_for_person')::bigint;
begin
  return (select (a.subject ->> 'scope') || coalesce(' with ' || o.step_key, '') from goalpost.approvals a
            left join goalpost.approvals o on o.id = a.decided_with where a.id = v_id);
end
$$;
select tests.set('run', pg_temp.working());
select tests.asks(tests.get('run'), 'a');
select is(pg_temp.asked(tests.get('run'), 'a'), 'run', 'a call that waits for approval is no raise of the cap');
select is(pg_temp.asked(tests.get('run'), 'b'), 'run with a', 'the second step at the cap waits for the same decision');
update goalpost.budgets set cap_microusd = spent_microusd + reserved_microusd where workspace_id = tests.id_of('acme') and scope = 'workspace_month';
update goalpost.budgets set cap_microusd = 1000000 where workspace_id = tests.id_of('acme') and scope = 'run';
select is(pg_temp.asked(tests.get('run'), 'c'), 'workspace_month', 'another cap of the same tree has its own approval');
select tests.set('other', pg_temp.working());
update goalpost.requests set budget = '{"on_exhausted": "ask"}' where id = (tests.request_of(tests.get('other'))).id;
select is(pg_temp.asked(tests.get('other'), 'a'), 'workspace_month', 'the same cap in another tree has its own approval');
select is(pg_temp.asked(tests.get('other'), 'b'), 'workspace_month with a', 'the second step of another tree waits for that approval');

select * from finish();
rollback;
