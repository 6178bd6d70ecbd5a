-- What they may decide, and only while it waits.
begin;
select plan(6);
select tests.world();

select tests.set('late', tests.planned('ap', jsonb_build_object('ap', tests.approval())));
select tests.advance_clock('1 hour');
select tests.set('later', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"required_role": "admin"}'))));
select is(tests.value_for('adam', 'select string_agg(run_id::text, '' '') from goalpost.inbox'), tests.kept('late') || ' ' || tests.kept('later'), 'an admin has both, in order');
select is(tests.value_for('petra', 'select string_agg(run_id::text, '' '') from goalpost.inbox'), tests.kept('late'), 'an approver has one');
select is(tests.value_for('mia', 'select count(*) from goalpost.inbox'), '0', 'a member has none to decide');
select is(tests.value_for('sam', 'select count(*) from goalpost.inbox'), '0', 'a stranger sees none');
select is(tests.value_for('petra', 'select goal_title from goalpost.inbox'), 'A goal', 'it says what it is about');
select tests.value_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', (tests.approval_of(tests.get('late'), 'ap')).id));
select is(tests.value_for('petra', 'select count(*) from goalpost.inbox'), '0', 'decided, it is gone');

select * from finish();
rollback;
