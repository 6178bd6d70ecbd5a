-- Each function claims its kinds; the others' work is not its own, nor what SQL alone moves.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), k, p_kind => k) from unnest(array['assess', 'plan', 'agent', 'tool', 'judge']) k;
select tests.bare_step(tests.get('run'), k, 'waiting', k) from unnest(array['approval', 'subgoal']) k;

select is(tests.claimed_keys('agent tool'), 'agent tool', 'the executor''s');
select is(tests.claimed_keys('plan'), 'plan', 'the planner''s');
select is(tests.claimed_keys('approval subgoal'), '', 'nobody''s');
select is(tests.claimed_keys('assess plan agent tool judge approval subgoal'), 'assess judge', 'what was left');

select * from finish();
rollback;
