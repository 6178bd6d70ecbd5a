-- The text of a user's memory is also in the call that wrote it, in the call that recalled it, in the answers of the
-- model that received it, in approvals of such a call, and in objects of the step.
begin;
select plan(27);
select tests.world();

select tests.set('run', tests.planned('a, b, c', jsonb_build_object('a', tests.agent(), 'b', tests.agent(), 'c', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.call(tests.get('run'), 'a', 'done', 'remember', '{"scope": "user", "kind": "fact", "text": "mia is pregnant"}');
select tests.call(tests.get('run'), 'a', 'done', 'recall', '{"query": "mia"}');
select tests.call(tests.get('run'), 'a', 'done', 'remember', '{"scope": "workspace", "kind": "fact", "text": "for all"}');
select tests.call(tests.get('run'), 'a', 'done', 'sql');
select tests.bare_turn(tests.get('run'), k) from unnest(array['a', 'b', 'c']) k;
-- Step b received a memory about mia at its beginning, step c one of the workspace.
select tests.set('private', tests.memory('mia is pregnant', 'user', jsonb_build_object('user_id', tests.id_of('mia'))));
select tests.set('shared', tests.memory('for all'));
insert into goalpost.memory_uses (run_id, step_key, attempt, call_number, rank, workspace_id, memory_id, score, sent_at, is_untrusted) values (tests.get('run'), 'b', 1, 0, 1, tests.id_of('acme'), tests.get('private'), 1, now(), false), (tests.get('run'), 'c', 1, 0, 1, tests.id_of('acme'), tests.get('shared'), 1, now(), false);
-- A held call of remember.
select tests.set('held', tests.asks(tests.get('run'), 'a', 'tool_call', '{}', 'remember', '{"scope": "user", "kind": "fact", "text": "mia is pregnant"}'));
insert into goalpost.corrections (approval_id, workspace_id, run_id, step_key, kind, proposed, corrected, corrected_by, created_at)
select a.id, a.workspace_id, a.run_id, a.step_key, a.kind, a.subject, a.subject, tests.id_of('petra'), now() from goalpost.approvals a where a.id = tests.get('held');

create function pg_temp.calls_for(p_person text) returns text language sql
as $$ select tests.value_for(p_person, 'select string_agg(c.tool || coalesce('' '' || (c.arguments ->> ''scope''), ''''), '', '' order by c.number) from goalpost.tool_calls c') $$;
create function pg_temp.turns_for(p_person text) returns text language sql
as $$ select tests.value_for(p_person, 'select string_agg(t.step_key, '' '' order by t.step_key) from goalpost.step_turns t') $$;
select is(pg_temp.calls_for('mia'), 'remember user, recall, remember workspace, sql, remember user', 'the person reads their own calls');
select is(pg_temp.calls_for(p), 'remember workspace, sql', format('%s reads no call with memories about another person', p)) from unnest(array['vera', 'petra', 'adam', 'olga']) p;
select is(pg_temp.calls_for('sam'), null, 'a stranger reads no call');
select is(pg_temp.turns_for('mia'), 'a b c', 'the person reads the answers of their own steps');
select is(pg_temp.turns_for(p), 'c', format('%s reads no answer of a step with memories about another person', p)) from unnest(array['vera', 'petra', 'adam', 'olga']) p;
select is(tests.value_for(p, 'select count(*) from goalpost.approvals'), n, format('%s sees %s approvals of the held call', p, n)) from (values ('mia', '1'), ('petra', '1'), ('vera', '0'), ('sam', '0')) v (p, n);
select is(tests.value_for(p, 'select count(*) from goalpost.corrections'), n, format('%s sees %s corrections of the held call', p, n)) from (values ('mia', '1'), ('petra', '1'), ('vera', '0'), ('sam', '0')) v (p, n);

-- An invalid scope becomes the person's where there is no goal, as in remember.
select is(goalpost_private.is_private_call(r.id, 'remember', a, null), v, format('remember with %s is %s in a run %s goal', a, case when v then 'private' else 'shared' end, case when r.goal_id is null then 'without' else 'with' end))
  from (values (tests.bare_run()), (tests.get('run'))) i (id) join goalpost.workflow_runs r using (id)
 cross join lateral (values ('{"scope": "goal"}'::jsonb, r.goal_id is null), ('{}', r.goal_id is null), ('{"scope": "user"}', true), ('{"scope": "agent"}', false)) v (a, v);
select is(goalpost_private.is_private_call(tests.get('run'), 'remember', '{"scope": "workspace"}', '{"scope": "user"}'), true, 'a call proposed for the person stays private when edited');

-- Objects.
insert into storage.objects (bucket_id, name) select 'goalpost', format('%s/%s/%s/%s.json', tests.id_of('acme'), tests.get('run'), k, tests.hash(k)) from unnest(array['a', 'b', 'c']) k;
select is(tests.value_for(p, $$ select string_agg(split_part(o.name, '/', 3), ' ' order by o.name) from storage.objects o $$), v, format('%s reads the objects of the steps %s', p, coalesce(v, 'none')))
  from (values ('mia', 'a b c'), ('vera', 'c'), ('olga', 'c')) o (p, v);

select * from finish();
rollback;
