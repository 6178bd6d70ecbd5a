-- Within a workspace the order is priority, then age.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'old', p_more => '{"run_after": "2030-01-01 11:00:00+00"}');
select tests.bare_step(tests.get('run'), 'young', p_more => '{"run_after": "2030-01-01 11:30:00+00"}');
select tests.bare_step(tests.get('run'), 'urgent', p_more => '{"run_after": "2030-01-01 11:59:00+00", "priority": 5}');
select tests.bare_step(tests.get('run'), 'unimportant', p_more => '{"run_after": "2030-01-01 10:00:00+00", "priority": -1}');

select is(tests.claimed_keys('tool', 1), 'urgent', 'the urgent one first');
select is(tests.claimed_keys('tool', 1), 'old', 'then the oldest of its priority');
select is(tests.claimed_keys('tool', 1), 'young', 'then the younger');
select is(tests.claimed_keys('tool', 1), 'unimportant', 'the unimportant last, old as it is');

select * from finish();
rollback;
