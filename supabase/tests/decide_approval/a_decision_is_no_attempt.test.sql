-- Attempts count the tries of a worker; a person's decision adds none.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval())));
select tests.value_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', (tests.approval_of(tests.get('run'), 'ap')).id));
select is((select count(*) from goalpost.step_attempts where run_id = tests.get('run') and step_key = 'ap'), 0::bigint, 'an approved step has no attempt');
select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval())));
select tests.value_for('petra', format('select goalpost.decide_approval(%s, ''rejected'')', (tests.approval_of(tests.get('run'), 'ap')).id));
select is((select count(*) from goalpost.step_attempts where run_id = tests.get('run') and step_key = 'ap'), 0::bigint, 'a rejected step has no attempt');

select * from finish();
rollback;
