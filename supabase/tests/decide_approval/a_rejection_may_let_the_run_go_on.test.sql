-- on_reject "continue": conditions on the decision select the steps that follow.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('ap, yes:ap, no:ap', jsonb_build_object('ap', tests.approval('{"on_reject": "continue"}'),
  'yes', '{"condition": {"ap": {"decision": "approved"}}}'::jsonb, 'no', '{"condition": {"ap": {"decision": "rejected"}}}'::jsonb)));
select tests.value_for('petra', format('select goalpost.decide_approval(%s, ''rejected'')', (tests.approval_of(tests.get('run'), 'ap')).id));
select is(tests.states(tests.get('run')), 'ap=completed judge=pending no=ready yes=skipped', 'only the step with the condition rejected is ready');

select * from finish();
rollback;
