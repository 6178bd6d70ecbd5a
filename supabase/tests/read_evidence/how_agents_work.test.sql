-- The active versions of agents, with their steps, those that used all turns, and the tools that were called.
begin;
select plan(10);
select tests.world(false);
select tests.tools();
create function pg_temp.agents() returns text language plpgsql as $$
declare
  v_run bigint;
begin
  perform tests.json_for('petra', format('select goalpost.start_analysis(%L)', tests.id_of('acme')));
  v_run := (select max(run_id) from goalpost.steps where kind = 'analyze');
  if tests.state(v_run, 'analyze') = 'ready' then
    perform tests.start(v_run, 'analyze');
  end if;
  return (select string_agg(format('%s %s: %s steps, %s exhausted, %s', a ->> 'name', a ->> 'version', a ->> 'steps', a ->> 'exhausted', a ->> 'tools'), '; ')
            from jsonb_array_elements(goalpost_worker.read_evidence(v_run, 'analyze', (tests.step(v_run, 'analyze')).lease_epoch) -> 'agents') a);
end $$;
insert into goalpost.agents (workspace_id, name, role, tools, model) values (tests.id_of('acme'), 'clerk', 'r', '{calculate}', 'm');
select tests.set('run', tests.planned('a, b, c, d', jsonb_build_object('a', tests.agent('clerk'), 'b', tests.agent('clerk'), 'c', tests.agent('clerk'), 'd', tests.agent('clerk'))));
select is(pg_temp.agents(), null, 'steps that go on are left out');
create function pg_temp.ended(p_key text, p_result jsonb, p_error jsonb default null) returns void language sql as $$
  update goalpost.steps set state = case when p_error is null then 'completed' else 'failed' end, result = p_result, error = p_error, ended_at = goalpost_private.clock(), run_after = null, lease_expires_at = null
   where run_id = tests.get('run') and key = p_key $$;
select pg_temp.ended('a', '{"text": "done"}');
select is(pg_temp.agents(), 'clerk 1: 1 steps, 0 exhausted, []', 'a step that ended counts');
select pg_temp.ended('b', '{"text": "done", "turns_exhausted": true}'), pg_temp.ended('c', null, '{"code": "too_many_turns"}'), pg_temp.ended('d', null, '{"code": "other"}');
select is(pg_temp.agents(), 'clerk 1: 4 steps, 2 exhausted, []', 'those that used all their turns are counted, with and without a result');
insert into goalpost.tool_calls (run_id, step_key, number, workspace_id, turn_number, attempt, tool, tool_version, idempotent, writes, arguments, arguments_hash, idempotency_key, rule, created_at, state, ended_at, result)
select tests.get('run'), 'a', n, tests.id_of('acme'), 1, 1, 'calculate', 1, true, false, '{}', 'h', 'k' || n, 'default', now(), 'done', now(), '{}' from generate_series(1, 2) n;
select is(pg_temp.agents(), 'clerk 1: 4 steps, 2 exhausted, ["calculate"]', 'the tools that it called are listed once');
-- Another agent in a step of the same key of another run; a step without an agent, and one that was cancelled.
insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'porter', 'r');
select tests.set('other', tests.planned('a, b, x, y', jsonb_build_object('a', tests.agent('porter'), 'b', tests.agent('clerk'))));
select tests.start(tests.get('other'), k) from unnest(array['a', 'x']) k;
update goalpost.steps set state = 'completed', result = '{}', ended_at = goalpost_private.clock(), run_after = null, lease_expires_at = null where run_id = tests.get('other') and key in ('a', 'x');
update goalpost.steps set state = 'cancelled', ended_at = goalpost_private.clock(), run_after = null, lease_expires_at = null where run_id = tests.get('other') and key = 'b';
insert into goalpost.tool_calls (run_id, step_key, number, workspace_id, turn_number, attempt, tool, tool_version, idempotent, writes, arguments, arguments_hash, idempotency_key, rule, created_at, state, ended_at, result)
select tests.get(r), k, 9, tests.id_of('acme'), 1, 1, t, 1, true, false, '{}', 'h', 'o' || r || k, 'default', now(), 'done', now(), '{}' from (values ('other', 'a', 'sql'), ('other', 'y', 'send'), ('run', 'b', 'look')) v (r, k, t);
select is(pg_temp.agents(), 'clerk 1: 4 steps, 2 exhausted, ["calculate", "look"]; porter 1: 1 steps, 0 exhausted, ["sql"]', 'each agent has its own steps and calls');
delete from goalpost.tool_calls where tool = 'look';
select is((select a -> 'definition' from goalpost_private.evidence_of_agents(tests.id_of('acme'), goalpost_private.clock()) e, jsonb_array_elements(e) a where a ->> 'name' = 'clerk'),
          '{"name": "clerk", "role": "r", "model": "m", "tools": ["calculate"], "max_turns": 8}'::jsonb, 'the definition is what apply_agent takes');
select is(goalpost_private.evidence_of_agents(tests.id_of('elsewhere'), goalpost_private.clock()), '[]', 'another workspace has its own');
update goalpost.steps set ended_at = goalpost_private.clock() - interval '31 days' where run_id = tests.get('run') and key = 'b';
select is(pg_temp.agents(), 'clerk 1: 3 steps, 1 exhausted, ["calculate"]; porter 1: 1 steps, 0 exhausted, ["sql"]', 'steps of long ago do not count');
insert into goalpost.agents (workspace_id, name, version, role, state) values (tests.id_of('acme'), 'clerk', 2, 'r', 'candidate'), (tests.id_of('elsewhere'), 'porter', 2, 'r', 'candidate');
select is(pg_temp.agents(), 'porter 1: 1 steps, 0 exhausted, ["sql"]', 'an agent with a candidate is left out');
update goalpost.agents set state = 'retired' where name in ('clerk', 'porter');
select is(pg_temp.agents(), null, 'and so is a version that is retired');
select * from finish();
rollback;
