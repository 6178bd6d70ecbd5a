-- The engine leaves no approval open whose step has ended. If one ever were, a decision would not move the step.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'ap', 'cancelled', 'approval');
insert into goalpost.approvals (workspace_id, run_id, step_key, question, shown, required_role, on_reject, requested_at, expires_at)
values (tests.id_of('acme'), tests.get('run'), 'ap', 'May it?', '{}', 'member', 'fail', goalpost_private.clock(), goalpost_private.clock() + interval '1 hour');
select is(tests.refusal_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', (tests.approval_of(tests.get('run'), 'ap')).id)), 'none', 'the approval of a cancelled step can be decided');
select is(tests.state(tests.get('run'), 'ap'), 'cancelled', 'the step of the late decision stays cancelled');

select * from finish();
rollback;
