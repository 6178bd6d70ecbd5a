-- Keys are composite with the workspace, so that the engine itself could not mix two tenants' rows. Over the catalog:
-- each foreign key between tables of tenants has the workspace on both sides, and refuses a reference into the other
-- workspace even to the tables' owner, or is on a short list with its reason; no function of the API creates such a
-- reference through those, as the attempts below and the check of every row after them show.
begin;
select * from no_plan();
select tests.world();

create temp table place as select * from (values ('acme', 'mia'), ('elsewhere', 'sam')) p (workspace, person);
insert into goalpost.agents (workspace_id, name, role) select tests.id_of(workspace), 'own_' || workspace, 'r' from place;
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) select tests.id_of(workspace), 'own_' || workspace, 't', 'd', 'g', '{}' from place;
select tests.set('run_' || workspace, tests.planned('a, ap:a, sub, b',
         jsonb_build_object('a', tests.agent('own_' || workspace), 'ap', tests.approval(), 'sub', tests.subgoal()), '["good"]', person, workspace))
  from place;
select tests.spend(tests.get('run_' || workspace), 'a', 1) from place;
select tests.finish(tests.get('run_' || workspace), 'a', 'completed', '{"result": {}}') from place;
select tests.finish(tests.get('run_' || workspace), 'b', 'failed', '{"error": {"code": "broken", "message": "it broke", "retryable": true}}') from place;
select tests.set('broken_' || workspace, tests.planned('a', '{}', '[]', person, workspace)) from place;
select tests.do_fail(tests.get('broken_' || workspace), 'a') from place;
insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at) select tests.id_of(workspace), 'docs', 'https://docs.example.com/', tests.id_of(person), now() from place;
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, seen_at) select workspace_id, id, 'search', 'd', '{}', 'h', now() from goalpost.mcp_servers;

select tests.memory('remembered', 'goal', jsonb_build_object('goal_id', (tests.goal_of(tests.get('run_' || workspace))).id), workspace) from place;
insert into goalpost.memory_uses select tests.get('run_' || p.workspace), 'a', 1, 0, 1, m.workspace_id, m.id, 1, false, now() from goalpost.memories m join place p on tests.id_of(p.workspace) = m.workspace_id;
update goalpost.improvements i set memory_id = m.id from goalpost.memories m where m.workspace_id = i.workspace_id;
insert into goalpost.memory_statistics (workspace_id, memory_id, folded_at) select workspace_id, id, now() from goalpost.memories where workspace_id in (tests.id_of('acme'), tests.id_of('elsewhere')) on conflict do nothing;

select tests.furnish(tests.get('run_' || workspace), 'b') from place;

create temp table reference as
select f.oid, f.conname as name, f.conrelid::regclass as child, f.confrelid::regclass as parent, f.condeferrable as is_deferrable,
       k.child_columns, k.parent_columns, k.child_columns[array_position(k.parent_columns, 'workspace_id'::name)] = 'workspace_id' as is_composite
  from pg_catalog.pg_constraint f
 cross join lateral (
   select array_agg(c.attname order by number) as child_columns, array_agg(p.attname order by number) as parent_columns
     from unnest(f.conkey, f.confkey) with ordinality u (child, parent, number)
     join pg_catalog.pg_attribute c on c.attrelid = f.conrelid and c.attnum = u.child
     join pg_catalog.pg_attribute p on p.attrelid = f.confrelid and p.attnum = u.parent) k
 where f.contype = 'f' and f.connamespace = 'goalpost'::regnamespace
   and exists (select from pg_catalog.pg_attribute a where a.attrelid = f.conrelid and a.attname = 'workspace_id')
   and exists (select from pg_catalog.pg_attribute a where a.attrelid = f.confrelid and a.attname = 'workspace_id')
   -- A month has the same key in every workspace: with the workspace, it refers to the workspace's own.
   and not (f.confrelid = 'goalpost.budgets'::regclass and f.conkey @> array(
     select a.attnum from pg_catalog.pg_attribute a where a.attrelid = f.conrelid and a.attname = 'workspace_id'));

-- 1. Composite, or with a reason.
select set_eq(
  $$ select format('%s(%s) -> %s', child, array_to_string(child_columns, ', '), parent) from reference where is_composite is not true $$,
  array[
    -- Written at every step: a second index there would cost time at every transition. They have their run's workspace.
    'goalpost.steps(run_id) -> goalpost.workflow_runs',
    -- Rows of a step, which has its run's workspace.
    'goalpost.approvals(run_id, step_key) -> goalpost.steps', 'goalpost.memory_uses(run_id, step_key) -> goalpost.steps',
    'goalpost.usage_events(run_id, step_key, number) -> goalpost.step_turns', 'goalpost.dead_letters(run_id, step_key) -> goalpost.steps',
    'goalpost.step_turns(run_id, step_key) -> goalpost.steps', 'goalpost.tool_calls(run_id, step_key) -> goalpost.steps',
    -- Built-in rows have no workspace, and every workspace refers to them.
    'goalpost.steps(agent_id) -> goalpost.agents', 'goalpost.agent_instances(agent_id) -> goalpost.agents', 'goalpost.usage_events(agent_id) -> goalpost.agents',
    'goalpost.corrections(agent_id) -> goalpost.agents', 'goalpost.agent_statistics(agent_id) -> goalpost.agents',
    'goalpost.runbook_statistics(runbook_id) -> goalpost.runbooks', 'goalpost.runbook_embeddings(runbook_id) -> goalpost.runbooks', 'goalpost.runbook_matches(runbook_id) -> goalpost.runbooks', 'goalpost.improvements(agent_id) -> goalpost.agents', 'goalpost.improvements(runbook_id) -> goalpost.runbooks',
    'goalpost.workflow_runs(runbook_id) -> goalpost.runbooks', 'goalpost.plan_revisions(runbook_id) -> goalpost.runbooks'],
  'every other key between tenants'' tables contains the workspace');

-- Every number or name of another table's row is checked by a key. Those that are not refer within the tree that the key
-- beside them checks, or to people, whom Auth has; attempts and events, of which each step writes one, have no keys at
-- all and are deleted with their run (forget_history).
select set_eq(
  $$ select format('%s.%s', a.attrelid::regclass, a.attname) from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'goalpost'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and a.attname ~ '_(id|key)$'
        and not exists (select from pg_catalog.pg_constraint f where f.contype = 'f' and f.conrelid = a.attrelid and a.attnum = any (f.conkey)) $$,
  array['goalpost.events.root_run_id', 'goalpost.step_attempts.run_id', 'goalpost.step_attempts.step_key', 'goalpost.events.run_id', 'goalpost.events.goal_id', 'goalpost.events.step_key', 'goalpost.events.workspace_id',
        -- Usage stays counted when an agent or a runbook is deleted.
        'goalpost.usage_events.user_id', 'goalpost.usage_events.runbook_id', 'goalpost.daily_usage.user_id', 'goalpost.daily_usage.agent_id', 'goalpost.daily_usage.runbook_id',
        'goalpost.unfolded_statistics.user_id', 'goalpost.unfolded_statistics.agent_id', 'goalpost.unfolded_statistics.runbook_id', 'goalpost.unfolded_statistics.memory_id',
        -- The origin of a memory may be deleted before it.
        'goalpost.memories.run_id', 'goalpost.memories.step_key', 'goalpost.memories.user_id',
        'goalpost.goals.parent_run_id', 'goalpost.goals.parent_step_key', 'goalpost.steps.workspace_id',
        'goalpost.step_attempts.workspace_id', 'goalpost.dead_letters.workspace_id',
        'goalpost.step_turns.workspace_id', 'goalpost.tool_calls.workspace_id', 'goalpost.tool_calls.call_id', 'goalpost.tool_calls.idempotency_key',
        'goalpost.corrections.run_id', 'goalpost.corrections.step_key', 'goalpost.approval_votes.user_id', 'goalpost.invitations.user_id', 'goalpost.approvals.decider_id',
        'goalpost.feedback.user_id', 'goalpost.feedback.step_key', 'goalpost.requests.user_id', 'goalpost.schedules.user_id', 'goalpost.request_rules.user_id', 'goalpost.request_messages.user_id', 'goalpost.request_messages.message_id', 'goalpost.request_rules.dedupe_key', 'goalpost.notifications.user_id', 'goalpost.requests.idempotency_key', 'goalpost.goals.user_id', 'goalpost.workflow_runs.user_id'],
  'every reference to another table has a key');
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'goalpost'::regnamespace and c.relkind in ('r', 'p') and a.attname in ('goal_id', 'request_id', 'root_goal_id', 'parent_goal_id') and c.relname <> 'events'
        and not exists (select from reference r where r.child = c.oid and r.is_composite and a.attname = any (r.child_columns)) $$, 'references to goals and requests have composite keys');

-- 2. Each composite key refuses, to the tables' owner, acme's row a reference to elsewhere's and acme's reference in
-- elsewhere. Both attempts use a row that has such a reference. One more goal there has neither run nor criteria: a
-- refusal for those would not be a refusal for the reference.
insert into goalpost.goals (workspace_id, user_id, request_id, root_goal_id, title, description)
select g.workspace_id, g.user_id, g.request_id, g.id, 'bare', 'bare' from goalpost.goals g where g.id = (tests.goal_of(tests.get('run_elsewhere'))).id;
create function pg_temp.refer(p_reference reference) returns text
language plpgsql
as $$
declare
  v_parent tid;
  v_count bigint;
  v_came text[] := '{}';
begin
  for v_parent in execute format('select ctid from %s where workspace_id = %L', p_reference.parent, tests.id_of('elsewhere')) loop
    begin
      execute format('update %1$s c set %2$s from %3$s o
                       where o.ctid = %4$L and c.ctid = (select ctid from %1$s where workspace_id = %5$L and %6$s limit 1)',
        p_reference.child,
        (select string_agg(format('%I = o.%I', c, p), ', ') from unnest(p_reference.child_columns, p_reference.parent_columns) u (c, p) where c <> 'workspace_id'),
        p_reference.parent, v_parent, tests.id_of('acme'),
        (select string_agg(format('%I is not null', c), ' and ') from unnest(p_reference.child_columns) c));
      get diagnostics v_count = row_count;
      -- A key that is deferred to the commit is checked here at once.
      set constraints all immediate;
      v_came := v_came || (v_count || ' changed');
    exception
      when others then
        v_came := v_came || sqlstate::text;
    end;
  end loop;
  return (select string_agg(distinct c, ' ') from unnest(v_came) c);
end
$$;
create function pg_temp.move(p_reference reference) returns text
language plpgsql
as $$
declare
  v_count bigint;
begin
  execute format('update %1$s set workspace_id = %2$L where ctid = (select ctid from %1$s where workspace_id = %3$L and %4$s limit 1)',
    p_reference.child, tests.id_of('elsewhere'), tests.id_of('acme'),
    (select string_agg(format('%I is not null', c), ' and ') from unnest(p_reference.child_columns) c));
  get diagnostics v_count = row_count;
  set constraints all immediate;
  return v_count || ' changed';
exception
  when others then
    return sqlstate;
end
$$;
create temp table composite as select r as key, format('%s(%s)', child, array_to_string(child_columns, ', ')) as label from reference r where is_composite;
select ok((select count(*) from composite) >= 12, 'at least twelve keys are composite');
select matches(pg_temp.refer(key), '^23503( 23505)?$', label || ' refuses a reference to another workspace') from composite order by label;
select is(pg_temp.move(key), '23503', label || ' refuses a row moved to another workspace') from composite order by label;
select is(tests.refusal(format('insert into goalpost.goal_criteria (goal_id, number, workspace_id, description) values (%s, 9, %L, ''x'')',
  (tests.goal_of(tests.get('run_acme'))).id, tests.id_of('elsewhere'))), '23503', 'a criterion of another workspace''s goal is refused');
select is(tests.refusal(format('insert into goalpost.workflow_runs (workspace_id, user_id, workflow_type, request_id, root_run_id, deadline_at) values (%L, %L, ''request'', %s, %s, now())',
  tests.id_of('elsewhere'), tests.id_of('sam'), (tests.request_of(tests.get('run_acme'))).id, tests.get('run_acme'))), '23503', 'a run of another workspace''s request is refused');

-- 3. For the others: no row that the API creates refers into another workspace, with any arguments.
create function pg_temp.foreign_references() returns setof text
language plpgsql
as $$
declare
  v_reference reference;
  v_count bigint;
begin
  for v_reference in select * from reference loop
    execute format('select count(*) from %s c join %s p on %s where p.workspace_id <> c.workspace_id', v_reference.child, v_reference.parent,
      (select string_agg(format('c.%I = p.%I', c, p), ' and ') from unnest(v_reference.child_columns, v_reference.parent_columns) u (c, p) where c <> 'workspace_id'))
      into v_count;
    if v_count > 0 then
      return next format('%s of %s', v_reference.name, v_reference.child);
    end if;
  end loop;
  -- References without a key.
  return query
    select 'the parent step of a goal' from goalpost.goals g join goalpost.workflow_runs r on r.id = g.parent_run_id where r.workspace_id <> g.workspace_id
    union all select 'the run of an event' from goalpost.events e join goalpost.workflow_runs r on r.id = e.run_id where r.workspace_id <> e.workspace_id
    union all select 'the goal of an event' from goalpost.events e join goalpost.goals g on g.id = e.goal_id where g.workspace_id <> e.workspace_id
    union all select 'the root of a run' from goalpost.workflow_runs r join goalpost.requests q on q.id = r.request_id where q.workspace_id <> r.workspace_id;
end
$$;
select is_empty('select pg_temp.foreign_references()', 'no row refers into another workspace before the attempts');
do $$
begin
  update goalpost.steps set workspace_id = tests.id_of('elsewhere') where run_id = tests.get('run_acme') and key = 'b';
  if not exists (select from pg_temp.foreign_references()) then
    raise exception 'the look finds nothing';
  end if;
  update goalpost.steps set workspace_id = tests.id_of('acme') where run_id = tests.get('run_acme') and key = 'b';
end
$$;

create temp table theirs as
select (select id from goalpost.runbooks where name = 'own_elsewhere') as runbook_id,
       (select id from goalpost.agents where name = 'own_elsewhere') as agent_id, tests.get('run_elsewhere') as run_id;
-- A plan that names another workspace's agent, runbook and steps.
select tests.set('goal', tests.goal());
select isnt(tests.message(tests.get('goal'), 'plan', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'steps', tests.steps('a', jsonb_build_object('a', tests.agent('own_elsewhere')))))),
            null, 'a plan with another workspace''s agent is refused');
select isnt(tests.message(tests.get('goal'), 'plan', jsonb_build_object('runbook_id', (select runbook_id from theirs), 'plan', jsonb_build_object('summary', 's', 'steps', tests.steps('a')))),
            null, 'a plan with another workspace''s runbook is refused');
select isnt(tests.message(tests.get('goal'), 'plan', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'steps', tests.steps('a, b:sub')))),
            null, 'a plan with another run''s step is refused');
select is(tests.message(tests.get('goal'), 'plan', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'workspace_id', tests.id_of('elsewhere'),
            'steps', tests.steps('a, ap:a', jsonb_build_object(
              'a', tests.agent('analyst') || jsonb_build_object('workspace_id', tests.id_of('elsewhere'), 'run_id', (select run_id from theirs), 'agent_id', (select agent_id from theirs)),
              'ap', tests.approval() || jsonb_build_object('workspace_id', tests.id_of('elsewhere'), 'goal_id', (tests.goal_of((select run_id from theirs))).id)))))),
          null, 'additional fields in a plan are ignored');
-- An outcome that names another workspace, its goal and agent.
select is(tests.finish(tests.get('goal'), 'a', 'completed', jsonb_build_object('workspace_id', tests.id_of('elsewhere'), 'goal_id', (tests.goal_of((select run_id from theirs))).id,
            'agent_id', (select agent_id from theirs), 'result', '{}'::jsonb,
            'usage', jsonb_build_array(jsonb_build_object('cost_microusd', 1, 'workspace_id', tests.id_of('elsewhere'), 'agent_id', (select agent_id from theirs), 'run_id', (select run_id from theirs))))),
          'accepted', 'additional fields in an outcome are ignored');
-- Questions and decisions that name them.
select is(tests.json_for('mia', format('select goalpost.accept_request(%L, ''?'', ''key'', %L)', tests.id_of('acme'),
            jsonb_build_object('workspace_id', tests.id_of('elsewhere'), 'goal_id', (tests.goal_of((select run_id from theirs))).id))) ->> 'state', 'accepted', 'a request''s context with foreign ids is accepted as data');
select is(tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, question, context) values (%L, ''?'', %L)', tests.id_of('acme'),
            jsonb_build_object('workspace_id', tests.id_of('elsewhere')))), 'none', 'an inserted context with foreign ids is accepted as data');
select goalpost_worker.sweep();
select is(tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', (tests.approval_of(tests.get('goal'), 'ap')).id)) ->> 'state', 'approved', 'a decision of the workspace''s own approval is accepted');
select is_empty('select pg_temp.foreign_references()', 'no row refers into another workspace after the attempts');

select * from finish();
rollback;
