-- Calls of the same number in other runs and steps, and memories of other workspaces, are not mixed up with it.
begin;
select plan(7);
select tests.world();
select tests.set('other_run', tests.planned('a', jsonb_build_object('a', tests.agent('analyst'))));
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('researcher'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), k) from unnest(array['a', 'b']) k;
select tests.start(tests.get('other_run'), 'a');
create function pg_temp.remember(p_run text, p_key text, p_number integer) returns bigint language sql as $$
  select (goalpost_worker.remember(tests.get(p_run), p_key, (tests.step(tests.get(p_run), p_key)).lease_epoch, p_number, null, null) ->> 'memory_id')::bigint $$;

select tests.wish(tests.get('other_run'), 'a', 1, 'remember', '{"text": "other run", "scope": "workspace"}');
select tests.wish(tests.get('run'), 'b', 1, 'remember', '{"text": "other step", "scope": "workspace"}');
select tests.wish(tests.get('run'), 'a', 1, 'remember', '{"text": "first", "scope": "agent"}');
select tests.wish(tests.get('run'), 'a', 2, 'remember', '{"text": "second", "scope": "workspace"}');
select pg_temp.remember('other_run', 'a', 1);
select pg_temp.remember('run', 'b', 1);
select tests.set('first', pg_temp.remember('run', 'a', 1));
select is((select text from goalpost.memories where id = tests.get('first')), 'first', 'a memory has the text of its own call');
select is((select agent_name from goalpost.memories where text = 'first'), 'researcher', 'a memory of an agent is that of the step''s agent');
select tests.set('second', pg_temp.remember('run', 'a', 2));
select is((select text from goalpost.memories where id = tests.get('second')), 'second', 'another call of the step has its own memory');
select is(pg_temp.remember('run', 'a', 1), tests.get('first'), 'a repeated call returns its own memory');
select tests.wish(tests.get('other_run'), 'a', 2, 'remember', '{"text": "still to come"}');
select tests.wish(tests.get('run'), 'b', 2, 'remember', '{"text": "still to come"}');
select is((select string_agg(state, ' ' order by state) from goalpost.tool_calls where number = 2 and run_id in (tests.get('run'), tests.get('other_run'))),
          'done intended intended', 'a call does not end calls of other steps');

-- The cap is that of the workspace.
update goalpost_private.limits set max_memories = 1 + (select count(*) from goalpost.memories where workspace_id = tests.id_of('acme'));
insert into goalpost.memories (workspace_id, scope, kind, title, text, trust, created_at, expires_at)
select tests.id_of('elsewhere'), 'workspace', 'fact', '', 't', 'trusted', now(), now() + interval '9 years' from generate_series(1, 3);
select isnt(pg_temp.remember('run', 'b', 2), null, 'memories of another workspace do not count against the cap');
select is(tests.refusal(format('select goalpost_worker.remember(%s, ''a'', %s, 2, null, null)', tests.get('other_run'), (tests.step(tests.get('other_run'), 'a')).lease_epoch)),
          'ZG006', 'a workspace at its cap accepts no further memory');

select * from finish();
rollback;
