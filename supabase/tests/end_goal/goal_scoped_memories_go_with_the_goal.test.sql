-- A memory with scope goal is working state of that goal: it is deleted when the goal ends, completed or failed. Others
-- stay.
begin;
select plan(3);
select tests.world();

select tests.set('done', tests.planned('a'));
select tests.set('failed', tests.planned('a'));
insert into goalpost.memories (workspace_id, scope, goal_id, kind, title, text, trust, created_at, expires_at)
select tests.id_of('acme'), 'goal', (tests.goal_of(r)).id, 'fact', 'Of a goal', 'text', 'trusted', goalpost_private.clock(), goalpost_private.clock() + interval '1 day'
  from unnest(array[tests.get('done'), tests.get('failed')]) r;
insert into goalpost.memories (workspace_id, scope, kind, title, text, trust, created_at, expires_at)
values (tests.id_of('acme'), 'workspace', 'fact', 'Of all', 'text', 'trusted', goalpost_private.clock(), goalpost_private.clock() + interval '1 day');
select is((select count(*) from goalpost.memories), 3::bigint, 'the memories are kept while the goals are active');
select tests.do_complete(tests.get('done'), 'a');
select tests.do_complete(tests.get('done'), 'judge', '{"decision": "complete", "report": "r"}');
select is((select count(*) from goalpost.memories), 2::bigint, 'a completed goal''s memory is deleted');
select tests.do_fail(tests.get('failed'), 'a');
select tests.report_failure(tests.get('failed'));
select is((select string_agg(title, ', ') from goalpost.memories), 'Of all', 'a failed goal''s memory is deleted, and the workspace''s stays');

select * from finish();
rollback;
