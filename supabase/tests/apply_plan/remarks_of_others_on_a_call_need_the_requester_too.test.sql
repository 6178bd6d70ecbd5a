-- A rejection with a remark leads to another plan, which runs with the requester's rights: whoever else made the remark, the
-- requester sees the plan before it is carried out.
begin;
select plan(4);
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

select tests.keep('other', pg_temp.replanned('petra', 'read the customers table instead'));
select is(tests.state(tests.the('other'), 'plan_2'), 'waiting', 'after the remark of another person the plan waits');
select is((tests.approval_of(tests.the('other'), 'plan_2')).decider_id, tests.id_of('mia'), 'for the requester');
select tests.keep('own', pg_temp.replanned('mia', 'greet them first'));
select is(tests.state(tests.the('own'), 'plan_2'), 'completed', 'after the requester''s own remark it does not');
select tests.keep('silent', pg_temp.replanned('petra', ''));
select is(tests.state(tests.the('silent'), 'plan_2'), null, 'a rejection without a remark leads to no plan');

select * from finish();
rollback;
