-- ZG003, and nothing is decided or cut.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval())));
select is(tests.refusal_for('petra', format('select goalpost.decide_approval(%s, ''approved'', repeat(''x'', 4001))', (tests.approval_of(tests.get('run'), 'ap')).id)), 'ZG003', 'too long');
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'pending', 'nothing was decided');
select is(tests.refusal_for('petra', format('select goalpost.decide_approval(%s, ''approved'', repeat(''x'', 4000))', (tests.approval_of(tests.get('run'), 'ap')).id)), 'none', 'just short enough');
select is(length((tests.approval_of(tests.get('run'), 'ap')).comment), 4000, 'it is kept whole');

select * from finish();
rollback;
