-- A reply that its worker cannot read would cost every step in it an attempt, also those of other workspaces.
begin;
select plan(7);
select tests.world();

update goalpost_private.limits set max_claim_bytes = 150000;
select tests.set('run', tests.planned('source, a:source, b:source, c:source'));
select tests.do_complete(tests.get('run'), 'source', jsonb_build_object('text', repeat('x', 100000)));
select tests.bare_step(tests.bare_run('elsewhere', 'sam'), 'd');

select tests.set('first', tests.claim('tool')::text);
select is(tests.keys(tests.kept('first')::jsonb), 'a d', 'the small step and as many large ones as fit are claimed');
select is((tests.step(tests.get('run'), 'b')).state, 'ready', 'a step that does not fit is released');
select is((tests.step(tests.get('run'), 'b')).attempt, 1, 'releasing a step that does not fit costs no attempt');
select is((tests.step(tests.get('run'), 'b')).started_at, null, 'a released step has no start time');
select is(tests.claimed_keys('tool'), 'b', 'the next claim takes the released step');

update goalpost_private.limits set max_claim_bytes = 1;
select is(tests.claimed_keys('tool'), 'c', 'a step larger than the bound is claimed alone');
select is(tests.claimed_keys('tool'), '', 'a claim after the last step is empty');

select * from finish();
rollback;
