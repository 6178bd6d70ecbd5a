-- A trial is measured by the goals of its workspace since it began, and ends with the candidate active or retired.
begin;
select plan(28);
select tests.world(false);
create function pg_temp.apply(p_agent jsonb, p_state text default 'candidate') returns bigint language sql as $$
  select (tests.json_for('adam', format('select goalpost.apply_agent(%L, %L, %L)', tests.id_of('acme'), '{"name": "clerk", "role": "r"}'::jsonb || p_agent, p_state)) ->> 'agent_id')::bigint $$;
-- Ended goals of a type in which an agent worked, and how many of them were reached.
create function pg_temp.goals(p_agent bigint, p_type text, p_count integer, p_reached integer, p_at timestamptz default null, p_workspace text default 'acme') returns void language plpgsql as $$
declare
  v_at constant timestamptz := coalesce(p_at, goalpost_private.clock());
  v_workspace constant uuid := tests.id_of(p_workspace);
  v_request bigint;
  v_goal bigint;
begin
  for v_place in 1 .. p_count loop
    v_goal := nextval('goalpost.goals_id_seq') + 500000;
    insert into goalpost.requests (workspace_id, user_id, question, state, created_at, ended_at) values (v_workspace, tests.id_of('mia'), 'q', 'answered', v_at, v_at) returning id into v_request;
    insert into goalpost.goals (id, workspace_id, user_id, request_id, root_goal_id, title, description, goal_type, state, created_at, ended_at)
    values (v_goal, v_workspace, tests.id_of('mia'), v_request, v_goal, 't', 'd', p_type, case when v_place <= p_reached then 'completed' else 'failed' end, v_at, v_at);
    insert into goalpost.workflow_runs (id, workspace_id, user_id, workflow_type, request_id, goal_id, root_run_id, deadline_at, state, created_at, ended_at)
    values (v_goal, v_workspace, tests.id_of('mia'), 'goal', v_request, v_goal, v_goal, v_at, 'completed', v_at, v_at);
    insert into goalpost.agent_instances (run_id, agent_id, workspace_id, opened_at) values (v_goal, p_agent, v_workspace, v_at);
  end loop;
  perform tests.set('goal', v_goal);
end $$;
create function pg_temp.trial() returns text language sql as $$
  select goalpost_private.measure_trials(tests.id_of('acme'), goalpost_private.clock());
  select i.state || coalesce(': ' || i.reason, '') from goalpost.improvements i where i.kind = 'agent' and i.change ->> 'name' = 'clerk' and i.workspace_id = tests.id_of('acme') order by i.id desc limit 1 $$;
create function pg_temp.states() returns text language sql as $$
  select string_agg(version || ' ' || state || coalesce(' ' || goal_type, ''), ', ' order by version) from goalpost.agents where workspace_id = tests.id_of('acme') and name = 'clerk' $$;

-- A trial of another workspace, and of another agent here.
select tests.json_for('sam', format('select goalpost.apply_agent(%L, ''{"name": "clerk", "role": "theirs"}'', ''candidate'')', tests.id_of('elsewhere')));
select tests.json_for('sam', format('select goalpost.apply_agent(%L, ''{"name": "clerk", "role": "at work"}'')', tests.id_of('elsewhere')));
select tests.json_for('adam', format('select goalpost.apply_agent(%L, %L, %L)', tests.id_of('acme'), jsonb_build_object('name', 'porter', 'role', s), s)) from unnest(array['active', 'candidate']) s;
create function pg_temp.others() returns text language sql as $$
  select string_agg(i.change ->> 'name' || ' ' || i.state || ' ' || coalesce(i.measured::text, 'not measured') || ' ' || a.state, ', ' order by i.id)
    from goalpost.improvements i join goalpost.agents a on a.id = i.agent_id where a.role = 'theirs' or a.name = 'porter' and a.state <> 'active' $$;
select tests.set('old', pg_temp.apply('{}', 'active')), tests.set('new', pg_temp.apply('{"role": "better", "model": "m", "max_turns": 9, "tools": ["calculate"]}'));
select is((select title || ' ' || change::text from goalpost.improvements where kind = 'agent' and change ->> 'role' = 'better'),
          'Trial of clerk, version 2 {"name": "clerk", "role": "better", "model": "m", "tools": ["calculate"], "max_turns": 9}', 'a trial that a person begins is an improvement');
select pg_temp.apply('{"role": "better", "model": "m", "max_turns": 9, "tools": ["calculate"]}');
select is((select count(*) from goalpost.improvements where kind = 'agent' and change ->> 'role' = 'better'), 1::bigint, 'and is one only');
select is(pg_temp.trial(), 'approved', 'without goals it goes on');
select pg_temp.goals(tests.get('new'), 'sales', 20, 19), pg_temp.goals(tests.get('old'), 'sales', 19, 5);
select is(pg_temp.trial(), 'approved', 'and with too few');
select is((select measured::text from goalpost.improvements where kind = 'agent' and change ->> 'role' = 'better'),
          '{"outcomes": [{"uses": 20, "goal_type": "sales", "successes": 19, "other_uses": 19, "cost_microusd": 0, "other_successes": 5, "other_cost_microusd": 0}]}', 'but is measured');
select pg_temp.goals(tests.get('old'), 'sales', 9, 0, now() - interval '90 days');
select pg_temp.goals((select id from goalpost.agents where name = 'analyst'), 'sales', 9, 0), pg_temp.goals(tests.get('old'), 'sales', 9, 0, null, 'elsewhere');
select is(pg_temp.trial(), 'approved', 'earlier goals, other agents and other workspaces do not count');
update goalpost.goals set state = 'cancelled' where id = tests.get('goal');
select pg_temp.goals(tests.get('old'), 'sales', 1, 1);
update goalpost.goals set state = 'active', ended_at = null where id = tests.get('goal');
select is(pg_temp.trial(), 'approved', 'nor goals that go on');
select pg_temp.goals(tests.get('old'), 'sales', 1, 1);
insert into goalpost.steps (run_id, key, workspace_id, kind, title, state, ended_at) values (tests.get('goal'), 'a', tests.id_of('acme'), 'agent', 'a', 'completed', now());
select tests.bare_turn(tests.get('goal'), 'a');
insert into goalpost.usage_events (run_id, step_key, number, lease_epoch, workspace_id, user_id, provider, model, cost_microusd, created_at)
values (tests.get('goal'), 'a', 1, 0, tests.id_of('acme'), tests.id_of('mia'), 'p', 'm', 70, goalpost_private.clock());
select tests.json_for('mia', format('select goalpost.give_feedback(%s, ''bad'')', tests.get('goal')));
-- The cost of a goal with the candidate, which is rated both ways, and has a sub-goal that failed.
select tests.set('tried', (select min(run_id) from goalpost.agent_instances where agent_id = tests.get('new')));
insert into goalpost.steps (run_id, key, workspace_id, kind, title, state, ended_at) values (tests.get('tried'), 'a', tests.id_of('acme'), 'agent', 'a', 'completed', now());
select tests.bare_turn(tests.get('tried'), 'a');
insert into goalpost.usage_events (run_id, step_key, number, lease_epoch, workspace_id, user_id, provider, model, cost_microusd, created_at)
values (tests.get('tried'), 'a', 1, 0, tests.id_of('acme'), tests.id_of('mia'), 'p', 'm', 30, goalpost_private.clock());
select tests.json_for(p, format('select goalpost.give_feedback(%s, %L)', tests.get('tried'), r)) from (values ('mia', 'bad'), ('olga', 'good')) v (p, r);
insert into goalpost.goals (workspace_id, user_id, request_id, root_goal_id, parent_goal_id, parent_run_id, parent_step_key, title, description, goal_type, state, created_at, ended_at)
select workspace_id, user_id, request_id, id, id, id, 'a', 't', 'd', 'sales', 'failed', created_at, ended_at from goalpost.goals where id = tests.get('tried');
select is(pg_temp.trial(), 'kept: 19 of 20 goals with it were reached, 5 of 20 without', 'a verdict ends it; a goal that was rated bad was not reached');
select is((select (measured #>> '{outcomes,0,cost_microusd}') || ' and ' || (measured #>> '{outcomes,0,other_cost_microusd}') from goalpost.improvements where kind = 'agent' and change ->> 'role' = 'better'), '30 and 70', 'with the cost of the requests');
select is(pg_temp.states(), '1 retired, 2 active', 'and the candidate replaces the other version');
select is(pg_temp.others(), 'clerk approved not measured candidate, porter approved {"outcomes": []} candidate', 'other trials go on');
select is(pg_temp.trial(), 'kept: 19 of 20 goals with it were reached, 5 of 20 without', 'again changes nothing');
select tests.json_for('adam', format('select goalpost.revert_improvement(%s)', (select id from goalpost.improvements where kind = 'agent' and change ->> 'role' = 'better')));
select is(pg_temp.states(), '1 active, 2 retired', 'taken back, the earlier version works again');

select tests.advance_clock('1 hour');
select tests.set('worse', pg_temp.apply('{"role": "worse"}'));
select pg_temp.goals(tests.get('worse'), 'sales', 20, 2), pg_temp.goals(tests.get('old'), 'sales', 20, 19);
select is(pg_temp.trial(), 'reverted: 2 of 20 goals with it were reached, 19 of 20 without', 'a worse candidate is reverted');
select is(pg_temp.states(), '1 active, 2 retired, 3 retired', 'and retired');

select tests.advance_clock('1 hour');
select tests.set('special', pg_temp.apply('{"role": "special"}'));
select pg_temp.goals(tests.get('special'), 'audit', 20, 19), pg_temp.goals(tests.get('old'), 'audit', 20, 5), pg_temp.goals(tests.get('special'), 'sales', 40, 2), pg_temp.goals(tests.get('old'), 'sales', 40, 39);
select is(pg_temp.trial(), 'kept: 19 of 20 goals of the type audit with it were reached, 5 of 20 without', 'one that is better in one type is kept');
select is(pg_temp.states(), '1 active, 2 retired, 3 retired, 4 active audit', 'for that type');

select tests.json_for('adam', format('select goalpost.revert_improvement(%s)', (select max(id) from goalpost.improvements where kind = 'agent' and change ->> 'role' = 'special')));
select is(pg_temp.states(), '1 active, 2 retired, 3 retired, 4 retired audit', 'taken back, the version for all goals works there again');

select tests.advance_clock('1 hour');
select tests.set('chosen', pg_temp.apply('{"role": "chosen"}'));
select tests.json_for('adam', format('select goalpost.set_agent_state(%s, ''active'')', tests.get('chosen')));
select is(pg_temp.trial(), 'kept: decided by a person: 0 of 0 goals with it were reached, 0 of 0 without', 'a person who activates a candidate ends its trial');
select tests.advance_clock('1 hour');
select tests.set('dropped', pg_temp.apply('{"role": "dropped"}'));
select tests.json_for('adam', format('select goalpost.set_agent_state(%s, ''retired'')', tests.get('dropped')));
select is(pg_temp.trial(), 'reverted: decided by a person: 0 of 0 goals with it were reached, 0 of 0 without', 'and so does one who retires it');
select is(pg_temp.states(), '1 retired, 2 retired, 3 retired, 4 retired audit, 5 active, 6 retired', 'the decision stays');

-- The built-in version is the other one where the workspace has none of its own.
select tests.advance_clock('1 hour');
select pg_temp.apply('{"name": "analyst"}');
select pg_temp.goals((select id from goalpost.agents where name = 'analyst' and workspace_id is null), 'sales', 3, 2), pg_temp.goals((select max(id) from goalpost.agents where name = 'analyst'), 'sales', 2, 1);
select goalpost_private.measure_trials(tests.id_of('acme'), goalpost_private.clock());
select is((select measured #>> '{outcomes,0,uses}' || ' and ' || (measured #>> '{outcomes,0,other_uses}') from goalpost.improvements where kind = 'agent' and change ->> 'name' = 'analyst'), '2 and 3',
          'goals of the built-in version are compared');
select tests.advance_clock('1 hour');
select is((select string_agg(a.name || ' ' || a.state, ', ' order by a.name) from goalpost.agents a where a.name in ('analyst', 'porter') and a.workspace_id = tests.id_of('acme') and a.state <> 'retired'),
          'analyst candidate, porter active, porter candidate', 'decisions on one agent change no other');

-- A proposal that is approved is a trial, and a rejected one is none.
select tests.json_for('petra', format('select goalpost.start_analysis(%L)', tests.id_of('acme')));
select tests.do_complete((select max(run_id) from goalpost.steps where kind = 'analyze'), 'analyze', jsonb_build_object('text', 'done', 'improvements', jsonb_build_array(
  '{"kind": "agent", "title": "More turns", "fingerprint": "m", "change": {"name": "clerk", "role": "proposed", "max_turns": 12}}'::jsonb,
  '{"kind": "agent", "title": "Bad", "fingerprint": "b", "change": {"name": "clerk", "role": "r", "tools": ["teleport"]}}'::jsonb)));
select is((select string_agg(fingerprint || ' ' || state, ', ') from goalpost.improvements where fingerprint in ('m', 'b')), 'm proposed', 'an agent that cannot work is not proposed');
select tests.json_for('adam', format('select goalpost.decide_approval(%s, ''approved'')', (select approval_id from goalpost.improvements where fingerprint = 'm')));
select is((select i.state || ' ' || a.version || ' ' || a.state || ' ' || a.author || ' ' || a.max_turns from goalpost.improvements i join goalpost.agents a on a.id = i.agent_id where i.fingerprint = 'm'),
          'approved 7 candidate analyzer 12', 'an approved one is tried');
select is(pg_temp.trial(), 'approved', 'and its trial goes on');
select is(pg_temp.others(), 'clerk approved not measured candidate, porter approved {"outcomes": []} candidate', 'others as well');
select tests.json_for('adam', format('select goalpost.revert_improvement(%s)', (select id from goalpost.improvements where fingerprint = 'm')));
select is(pg_temp.states() ~ '5 active, 6 retired, 7 retired', true, 'taken back, the candidate alone is retired');
select * from finish();
rollback;
