-- A reply that its worker cannot read would cost every step in it an attempt, also those of other workspaces.
begin;
select plan(7);
select tests.world();

update goalpost_private.limits set max_claim_bytes = 150000;
select tests.set('run', tests.planned('source, a:source, b:source, c:source'));
select tests.do_complete(tests.get('run'), 'source', jsonb_build_object('text', repeat('x', 100000)));
select tests.bare_step(tests.bare_run('elsewhere', 'sam'), 'd');

select tests.set('first', tests.claim('tool')::text);
select is(tests.keys(tests.kept('first')::jsonb), 'a d', 'the small one, and as many large ones as fit');
select is((tests.step(tests.get('run'), 'b')).state, 'ready', 'another is put back');
select is((tests.step(tests.get('run'), 'b')).attempt, 1, 'at no cost');
select is((tests.step(tests.get('run'), 'b')).started_at, null, 'as if it had not been begun');
select is(tests.claimed_keys('tool'), 'b', 'for the next claim');

update goalpost_private.limits set max_claim_bytes = 1;
select is(tests.claimed_keys('tool'), 'c', 'one step is always told');
select is(tests.claimed_keys('tool'), '', 'and then there is no more');

select * from finish();
rollback;
