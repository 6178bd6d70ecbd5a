-- Another plan is made for failures that other steps may avoid, if a model wrote the plan.
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
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "query_refused"}'), true, 'a refused tool call may be planned around');
select is(pg_temp.may(tests.get('run'), 'judge', '{"code": "query_refused"}'), false, 'a failure of the judge may not be planned around');
select is(pg_temp.may(tests.get('run'), 'plan', '{"code": "plan_refused"}'), false, 'a failure of the planner may not be planned around');
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "model_wrong_key"}'), false, 'a provider''s account failure may not be planned around');
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "sub_goal_failed", "cause": "budget_exhausted"}'), false, 'a sub-goal that failed without budget may not be planned around');
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "sub_goal_failed", "cause": "query_refused"}'), true, 'a sub-goal with an avoidable cause may be planned around');
select is(pg_temp.may(tests.get('run'), 'b', '{"code": "rejected"}'), false, 'a rejection without a decision may not be planned around');

create function pg_temp.decided(p_key text, p_state text, p_comment text) returns void language sql as $$
  update goalpost.approvals set state = 'cancelled', decided_at = now() where run_id = tests.get('run') and state = 'pending';
  insert into goalpost.approvals (workspace_id, run_id, step_key, number, kind, question, shown, required_role, quorum, on_reject, state, comment, decided_by, decided_at, requested_at, expires_at)
  values (tests.id_of('acme'), tests.get('run'), p_key, 1 + (select count(*) from goalpost.approvals a where a.run_id = tests.get('run') and a.step_key = p_key), 'tool_call', 'q', '{}', 'approver', 1, 'fail', p_state, p_comment, tests.id_of('mia'), now(), now(), now()) $$;
select pg_temp.decided('b', 'rejected', '');
select is(pg_temp.may(tests.get('run'), 'b', '{"code": "rejected"}'), false, 'a rejection with an empty comment may not be planned around');
select pg_temp.decided('b', 'approved', 'fine');
select is(pg_temp.may(tests.get('run'), 'b', '{"code": "rejected"}'), false, 'the comment of an approval does not count as rejection comment');
select pg_temp.decided('a', 'rejected', 'not like that');
select is(pg_temp.may(tests.get('run'), 'b', '{"code": "rejected"}'), false, 'a comment on another step does not count');
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "rejected"}'), true, 'a rejection with a comment may be planned around');
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "budget_exhausted"}'), false, 'a comment does not make an exhausted budget avoidable');

update goalpost_private.limits set max_revisions = 0;
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "query_refused"}'), false, 'the cap on revisions allows no further plan');
update goalpost_private.limits set max_revisions = 2;
update goalpost.workflow_runs set revision = 2 where id = tests.get('run');
select is(pg_temp.may(tests.get('run'), 'a', '{"code": "query_refused"}'), false, 'a current plan that no model wrote is not planned around');
select tests.set('rule', tests.planned('a, x'));
select tests.do_complete(tests.get('rule'), 'x', '{"model": "of a lamp", "revision": 1}');
select is(pg_temp.may(tests.get('rule'), 'a', '{"code": "query_refused"}'), false, 'a result that names a model makes no model''s plan');

select * from finish();
rollback;
