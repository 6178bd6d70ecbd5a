-- The inbox contains the approvals that a person may decide, while they are pending.
begin;
select plan(6);
select tests.world();

select tests.set('late', tests.planned('ap', jsonb_build_object('ap', tests.approval())));
select tests.advance_clock('1 hour');
select tests.set('later', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"required_role": "admin"}'))));
select is(tests.value_for('adam', 'select string_agg(run_id::text, '' '') from goalpost.inbox'), tests.kept('late') || ' ' || tests.kept('later'), 'an admin has both approvals, the oldest first');
select is(tests.value_for('petra', 'select string_agg(run_id::text, '' '') from goalpost.inbox'), tests.kept('late'), 'an approver has the approval for approvers only');
select is(tests.value_for('mia', 'select count(*) from goalpost.inbox'), '0', 'a member has no approval to decide');
select is(tests.value_for('sam', 'select count(*) from goalpost.inbox'), '0', 'a stranger has an empty inbox');
select is(tests.value_for('petra', 'select goal_title from goalpost.inbox'), 'A goal', 'an entry names the title of its goal');
select tests.value_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', (tests.approval_of(tests.get('late'), 'ap')).id));
select is(tests.value_for('petra', 'select count(*) from goalpost.inbox'), '0', 'a decided approval leaves the inbox');

select * from finish();
rollback;
