-- A failure leads to another plan where it would end the run and the worker reported it. A step with on_failure
-- "continue", and one whose worker or time was lost, leads to none.
begin;
select plan(6);
select tests.world();

create function pg_temp.planned(p_more jsonb) returns bigint language plpgsql as $$
declare
  v_run bigint := tests.goal();
begin
  perform tests.do_complete(v_run, 'plan', jsonb_build_object('model', 'm', 'plan', jsonb_build_object('steps', tests.steps('a, b:a, c', p_more))));
  return v_run;
end $$;

select tests.set('continues', pg_temp.planned('{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('continues'), 'a');
select is(tests.state(tests.get('continues'), 'plan_2'), null, 'a failed step with "continue" leads to no other plan');
select is(tests.state(tests.get('continues'), 'c'), 'running', 'the rest of the plan goes on');

select tests.set('request', tests.ask());
select tests.do_complete(tests.get('request'), 'assess', jsonb_build_object('decision', 'steps', 'model', 'm',
  'steps', tests.steps('x', '{"x": {"on_failure": "continue"}}')));
select tests.do_fail(tests.get('request'), 'x');
select is((tests.request_of(tests.get('request'))).state, 'accepted', 'a request goes on when its last step fails');
select isnt((tests.request_of(tests.get('request'))).goal_id, null, 'the request becomes a goal when its last step fails');

select tests.set('lost', pg_temp.planned('{}'));
update goalpost.steps set max_attempts = 1 where run_id = tests.get('lost') and key = 'a';
select tests.start(tests.get('lost'), 'a');
select tests.advance_clock('1 minute');
select goalpost_private.sweep();
select is(tests.state(tests.get('lost'), 'a') || ' ' || tests.state(tests.get('lost'), 'judge'), 'failed ready', 'a lost step without attempts fails and the judge reports');
select is(tests.state(tests.get('lost'), 'plan_2'), null, 'a lost step leads to no other plan');

select * from finish();
rollback;
