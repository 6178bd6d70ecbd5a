-- The values that a state requires of other columns are constraints, so that no function can leave a row half changed.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.planned('a, b:a', jsonb_build_object('b', tests.approval())));
select tests.do_complete(tests.get('run'), 'a');

select is(tests.refusal(format(c.change, tests.get('run'))), '23514', 'a constraint: ' || c.claim)
  from (values
    ('update goalpost.steps set lease_expires_at = now() where run_id = %s and key = ''judge''', 'a lease only while running'),
    ('update goalpost.steps set ended_at = now() where run_id = %s and key = ''judge''', 'an end only for an ended step'),
    ('update goalpost.steps set ended_at = null where run_id = %s and key = ''a''', 'an ended step keeps its end'),
    ('update goalpost.steps set result = ''{}'' where run_id = %s and key = ''judge''', 'a result only when completed'),
    ('update goalpost.steps set remaining_dependencies = -1 where run_id = %s and key = ''judge''', 'no negative count'),
    ('update goalpost.steps set attempt = 0 where run_id = %s and key = ''judge''', 'attempts count from 1'),
    ('update goalpost.steps set timeout_seconds = 0 where run_id = %s and key = ''judge''', 'every time-out has a value'),
    ('update goalpost.workflow_runs set state = ''done'', ended_at = now() where id = %s', 'a run has no other states'),
    ('update goalpost.workflow_runs set ended_at = now() where id = %s', 'a running run has no end'),
    ('update goalpost.workflow_runs set state = ''completed'' where id = %s', 'a completed run has an end'),
    ('update goalpost.goals g set state = ''done'', ended_at = now() from goalpost.workflow_runs r where r.goal_id = g.id and r.id = %s', 'a goal has no other states'),
    ('update goalpost.goals g set ended_at = now() from goalpost.workflow_runs r where r.goal_id = g.id and r.id = %s', 'an active goal has no end'),
    ('update goalpost.goals g set state = ''failed'' from goalpost.workflow_runs r where r.goal_id = g.id and r.id = %s', 'a failed goal has an end'),
    ('update goalpost.requests q set state = ''done'', ended_at = now() from goalpost.workflow_runs r where r.request_id = q.id and r.id = %s', 'a request has no other states'),
    ('update goalpost.requests q set ended_at = now() from goalpost.workflow_runs r where r.request_id = q.id and r.id = %s', 'an open request has no end'),
    ('update goalpost.requests q set state = ''answered'' from goalpost.workflow_runs r where r.request_id = q.id and r.id = %s', 'an answered request has an end'),
    ('update goalpost.approvals set state = ''done'' where run_id = %s', 'an approval has no other states'),
    ('update goalpost.approvals set state = ''approved'' where run_id = %s', 'only a person approves'),
    ('update goalpost.approvals set state = ''rejected'' where run_id = %s', 'only a person rejects'),
    ('update goalpost.approvals set state = ''expired'', decided_by = gen_random_uuid() where run_id = %s', 'an expired approval has no decider')
  ) c (change, claim);

select is(
  tests.refusal(format('update goalpost.steps set state = ''done'' where run_id = %s and key = ''judge''', tests.get('run'))),
  '23514', 'an unknown step state is refused before its transition is checked');

select * from finish();
rollback;
