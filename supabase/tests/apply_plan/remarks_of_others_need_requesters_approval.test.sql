-- A rejection with a remark leads to another plan, which runs with the requester's rights: where another person made the
-- remark, the requester approves the plan before it is carried out.
begin;
select plan(7);
select tests.world();

create function pg_temp.replanned(p_person text, p_comment text) returns bigint language plpgsql as $$
declare v_run bigint := tests.goal();
begin
  perform tests.do_complete(v_run, 'plan', jsonb_build_object('model', 'm', 'plan', jsonb_build_object('steps', tests.steps('ask', jsonb_build_object('ask', tests.approval() || '{"input": {"question": "May it?", "required_role": "member"}}')))));
  perform tests.decide(p_person, (tests.approval_of(v_run, 'ask')).id, 'rejected', jsonb_build_object('comment', p_comment));
  if p_comment <> '' then
    perform tests.do_complete(v_run, 'plan_2', jsonb_build_object('model', 'm', 'plan', jsonb_build_object('steps', tests.steps('b'))));
  end if;
  return v_run;
end $$;

select tests.set('other', pg_temp.replanned('petra', 'read the customers table instead'));
select is(tests.state(tests.get('other'), 'plan_2'), 'waiting', 'a plan after another person''s remark waits for approval');
select is((tests.approval_of(tests.get('other'), 'plan_2')).decider_id, tests.id_of('mia'), 'the requester decides the plan after another person''s remark');
select tests.set('own', pg_temp.replanned('mia', 'greet them first'));
select is(tests.state(tests.get('own'), 'plan_2'), 'completed', 'a plan after the requester''s own remark does not wait');
select tests.set('silent', pg_temp.replanned('petra', ''));
select is(tests.state(tests.get('silent'), 'plan_2'), null, 'a rejection without a remark leads to no plan');

create function pg_temp.options(p_state text, p_comment text) returns jsonb language plpgsql as $$
declare v_run bigint := tests.planned('a');
begin
  insert into goalpost.approvals (workspace_id, run_id, step_key, number, kind, question, shown, required_role, quorum, on_reject, state, comment, decided_by, decided_at, requested_at, expires_at)
  values (tests.id_of('acme'), v_run, 'a', 1, 'tool_call', 'q', '{}', 'approver', 1, 'fail', p_state, p_comment, tests.id_of('petra'), now(), now(), now());
  return (select goalpost_private.plan_approval_options(r, '{"cost_microusd": 0}') from goalpost.workflow_runs r where r.id = v_run);
end $$;
select is(pg_temp.options('rejected', 'not like that') ->> 'requester', 'decides', 'a call rejected with a remark makes the requester decide');
select is(pg_temp.options('rejected', ''), null, 'a call rejected without a remark does not');
select is(pg_temp.options('approved', 'well done'), null, 'a comment on an approved call does not');

select * from finish();
rollback;
