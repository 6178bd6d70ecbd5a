-- A comment beyond the bound is refused with ZG003, and nothing is decided or cut.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval())));
select is(tests.refusal_for('petra', format('select goalpost.decide_approval(%s, ''approved'', repeat(''x'', 4001))', (tests.approval_of(tests.get('run'), 'ap')).id)), 'ZG003', 'a comment of 4001 characters is refused');
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'pending', 'a refused comment leaves the approval pending');
select is(tests.refusal_for('petra', format('select goalpost.decide_approval(%s, ''approved'', repeat(''x'', 4000))', (tests.approval_of(tests.get('run'), 'ap')).id)), 'none', 'a comment of 4000 characters is accepted');
select is(length((tests.approval_of(tests.get('run'), 'ap')).comment), 4000, 'a comment of 4000 characters is kept whole');

select * from finish();
rollback;
