-- Another plan is for what other steps may avoid, once a model wrote the plan.
begin;
select plan(15);
select tests.world();

create function pg_temp.may(p_run bigint, p_key text, p_error jsonb) returns boolean language sql as $$
  select goalpost_private.may_be_planned_around(r, tests.step(p_run, p_key), p_error) from goalpost.workflow_runs r where r.id = p_run $$;
create function pg_temp.planned() returns bigint language plpgsql as $$
declare v_run bigint := tests.goal();
begin
  perform tests.do_complete(v_run, 'plan', jsonb_build_object('model', 'm', 'plan', jsonb_build_object('steps', tests.steps('a, b', jsonb_build_object('b', tests.approval())))));
  return v_run;
end $$;

select tests.set('run', pg_temp.planned());
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "query_refused"}'), true, 'a tool that refused');
select is(pg_temp.may(tests.get('run'), 'judge', '{"code": "query_refused"}'), false, 'not the judge');
select is(pg_temp.may(tests.get('run'), 'plan', '{"code": "plan_refused"}'), false, 'not the planner');
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "model_wrong_key"}'), false, 'not a provider''s account');
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "sub_goal_failed", "cause": "budget_exhausted"}'), false, 'not the cause below it');
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "sub_goal_failed", "cause": "query_refused"}'), true, 'but a cause below that may be avoided');
select is(pg_temp.may(tests.get('run'), 'b', '{"code": "rejected"}'), false, 'not what a person refused');

create function pg_temp.decided(p_key text, p_state text, p_comment text) returns void language sql as $$
  update goalpost.approvals set state = 'cancelled', decided_at = now() where run_id = tests.get('run') and state = 'pending';
  insert into goalpost.approvals (workspace_id, run_id, step_key, number, kind, question, shown, required_role, quorum, on_reject, state, comment, decided_by, decided_at, requested_at, expires_at)
  values (tests.id_of('acme'), tests.get('run'), p_key, 1 + (select count(*) from goalpost.approvals a where a.run_id = tests.get('run') and a.step_key = p_key), 'tool_call', 'q', '{}', 'approver', 1, 'fail', p_state, p_comment, tests.id_of('mia'), now(), now(), now()) $$;
select pg_temp.decided('b', 'rejected', '');
select is(pg_temp.may(tests.get('run'), 'b', '{"code": "rejected"}'), false, 'nor with an empty comment');
select pg_temp.decided('b', 'approved', 'fine');
select is(pg_temp.may(tests.get('run'), 'b', '{"code": "rejected"}'), false, 'nor for the comment of an approval');
select pg_temp.decided('a', 'rejected', 'not like that');
select is(pg_temp.may(tests.get('run'), 'b', '{"code": "rejected"}'), false, 'nor for the comment on another step');
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "rejected"}'), true, 'a rejection that says what should be different');
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "budget_exhausted"}'), false, 'a comment does not bring money');

update goalpost_private.limits set max_revisions = 0;
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "query_refused"}'), false, 'not beyond the cap on revisions');
update goalpost_private.limits set max_revisions = 2;
update goalpost.workflow_runs set revision = 2 where id = tests.get('run');
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "query_refused"}'), false, 'not where no model wrote the plan that is carried out');
select tests.set('rule', tests.planned('a, x'));
select tests.do_complete(tests.get('rule'), 'x', '{"model": "of a lamp", "revision": 1}');
select is(pg_temp.may(tests.get('rule'), 'a', '{"code": "query_refused"}'), false, 'a step whose result names a model wrote no plan');

select * from finish();
rollback;
