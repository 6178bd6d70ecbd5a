-- Nothing in the engine leaves a decision open whose step has ended; should something ever, deciding moves no step.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'ap', 'cancelled', 'approval');
insert into goalpost.approvals (workspace_id, run_id, step_key, question, shown, required_role, on_reject, requested_at, expires_at)
values (tests.id_of('acme'), tests.get('run'), 'ap', 'May it?', '{}', 'member', 'fail', goalpost_private.clock(), goalpost_private.clock() + interval '1 hour');
select is(tests.refusal_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', (tests.approval_of(tests.get('run'), 'ap')).id)), 'none', 'it is decided');
select is(tests.state(tests.get('run'), 'ap'), 'cancelled', 'the step stays as it ended');

select * from finish();
rollback;
