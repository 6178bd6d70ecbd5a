-- Within a workspace the order is priority, then age.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'old', p_more => '{"run_after": "2030-01-01 11:00:00+00"}');
select tests.bare_step(tests.get('run'), 'young', p_more => '{"run_after": "2030-01-01 11:30:00+00"}');
select tests.bare_step(tests.get('run'), 'urgent', p_more => '{"run_after": "2030-01-01 11:59:00+00", "priority": 5}');
select tests.bare_step(tests.get('run'), 'unimportant', p_more => '{"run_after": "2030-01-01 10:00:00+00", "priority": -1}');

select is(tests.claimed_keys('tool', 1), 'urgent', 'the step of the highest priority is claimed first');
select is(tests.claimed_keys('tool', 1), 'old', 'the oldest step of a priority is claimed next');
select is(tests.claimed_keys('tool', 1), 'young', 'a younger step of the same priority follows');
select is(tests.claimed_keys('tool', 1), 'unimportant', 'the step of the lowest priority is claimed last');

select * from finish();
rollback;
