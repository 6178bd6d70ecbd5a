-- Also to whom it was told before: what is taken back is not told again.
begin;
select plan(5);
select tests.world();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

select tests.memory('revoked invoice', 'workspace', '{"trust": "revoked"}');
select tests.memory('old invoice', 'workspace', jsonb_build_object('expires_at', goalpost_private.clock() - interval '1 second'));
select tests.set('good', tests.memory('good invoice'));
select is(tests.told(tests.get('run'), 'a', 'invoice'), array['good invoice'], 'only what is good');
select is((select count(*) from goalpost.memory_uses), 1::bigint, 'and only that is noted as told');
select tests.speak_as('adam');
select lives_ok(format('select goalpost.revoke_memory(%s)', tests.get('good')), 'an admin takes it back');
reset role;
select is(tests.told(tests.get('run'), 'a', 'invoice'), '{}', 'and it is not told again');
select goalpost_private.sweep();
select is((select string_agg(text, ', ') from goalpost.memories where expires_at < goalpost_private.clock()), null,
          'the sweep forgets what is past its time');

select * from finish();
rollback;
