-- Each worker function claims its kinds only; steps that SQL alone completes are never claimed.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), k, p_kind => k) from unnest(array['assess', 'plan', 'agent', 'tool', 'judge']) k;
select tests.bare_step(tests.get('run'), k, 'waiting', k) from unnest(array['approval', 'subgoal']) k;

select is(tests.claimed_keys('agent tool'), 'agent tool', 'a claim of agent and tool takes those kinds only');
select is(tests.claimed_keys('plan'), 'plan', 'a claim of plan takes that kind only');
select is(tests.claimed_keys('approval subgoal'), '', 'steps that SQL completes are not claimed');
select is(tests.claimed_keys('assess plan agent tool judge approval subgoal'), 'assess judge', 'a claim of all kinds takes the remaining ready steps');

select * from finish();
rollback;
