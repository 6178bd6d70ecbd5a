-- The acknowledgement is a row; a second one changes nothing, and one for an unknown wake raises no error.
begin;
select plan(3);
select tests.world();

insert into goalpost.wakes (id, function, ready_count, sent_at) overriding system value values (-1, 'executor', 1, goalpost_private.clock());
select goalpost_worker.claim_steps(array['tool'], 1, 30, 'test', -1);
select tests.set('first', (select acknowledged_at::text from goalpost.wakes where id = -1));
select tests.advance_clock('1 second');
select goalpost_worker.claim_steps(array['tool'], 1, 30, 'test', -1);

select is(tests.kept('first')::timestamptz, '2030-01-01 12:00:00+00'::timestamptz, 'a wake is acknowledged at the claim');
select is((select acknowledged_at from goalpost.wakes where id = -1), '2030-01-01 12:00:00+00'::timestamptz, 'a second acknowledgement does not change the time');
select lives_ok('select goalpost_worker.claim_steps(array[''tool''], 1, 30, ''test'', -2)', 'a claim with an unknown wake raises no error');

select * from finish();
rollback;
