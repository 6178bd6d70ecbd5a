-- This holds also for a step that received the memory before it was revoked.
begin;
select plan(5);
select tests.world();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

select tests.memory('revoked invoice', 'workspace', '{"trust": "revoked"}');
select tests.memory('old invoice', 'workspace', jsonb_build_object('expires_at', goalpost_private.clock() - interval '1 second'));
select tests.set('good', tests.memory('good invoice'));
select is(tests.recalled(tests.get('run'), 'a', 'invoice'), array['good invoice'], 'revoked and expired memories are not recalled');
select is((select count(*) from goalpost.memory_uses), 1::bigint, 'only the recalled memory is recorded as used');
select tests.speak_as('adam');
select lives_ok(format('select goalpost.revoke_memory(%s)', tests.get('good')), 'an admin may revoke a memory');
reset role;
select is(tests.recalled(tests.get('run'), 'a', 'invoice'), '{}', 'a revoked memory is not recalled again');
select goalpost_private.sweep();
select is((select string_agg(text, ', ') from goalpost.memories where expires_at < goalpost_private.clock()), null,
          'the sweep deletes expired memories');

select * from finish();
rollback;
