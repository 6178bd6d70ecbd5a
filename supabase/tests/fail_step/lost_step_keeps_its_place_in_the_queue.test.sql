-- In a full queue a step whose worker died stays before younger steps.
begin;
select plan(2);
select tests.world();

select tests.set('old', tests.bare_run());
select tests.bare_step(tests.get('old'), 'old');
select tests.claim('tool');
select tests.advance_clock('1 second');
select tests.set('young', tests.bare_run());
select tests.bare_step(tests.get('young'), 'young');
select tests.advance_clock('30 seconds');
select goalpost_private.sweep();
select is(tests.claimed_keys('tool', 1), 'old', 'a lost step is claimed before a younger ready step');
select is(tests.claimed_keys('tool', 1), 'young', 'the younger step is claimed after the lost one');

select * from finish();
rollback;
