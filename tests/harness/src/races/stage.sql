-- Functions of the races: a clock that can be moved, copies of prepared trees, and all rows of a tree. Installed in
-- databases of races alone.

create schema races;
create table races.clock (ahead interval not null);
insert into races.clock values ('0');

create or replace function goalpost_private.clock() returns timestamptz
language sql volatile
set search_path = ''
as $$ select clock_timestamp() + (select c.ahead from races.clock c) $$;

-- Copies all rows of a request; the ids of copy k are the original's plus k * 10000. Whatever table has
-- rows of a request, a run or a goal is copied with all of its columns, so a new column or table is copied too.
-- To be called with triggers and references off: rows come in any order.
create function races.copy_trees(p_request_id bigint, p_copies bigint[]) returns void
language plpgsql
as $$
declare
  v_table record;
  v_runs bigint[] := array(select id from goalpost.workflow_runs where request_id = p_request_id);
  v_goals bigint[] := array(select id from goalpost.goals where request_id = p_request_id);
begin
  for v_table in
    select n.nspname as schema_name, c.relname as table_name,
           string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns,
           string_agg(
             case when a.attname in ('id', 'request_id', 'goal_id', 'parent_goal_id', 'root_goal_id', 'run_id',
                                     'parent_run_id', 'root_run_id')
                  then format('t.%I + k * 10000', a.attname) else format('t.%I', a.attname) end,
             ', ' order by a.attnum) as expressions,
           case when c.relname = 'requests' then 't.id = $1'
                when bool_or(a.attname = 'request_id') then 't.request_id = $1'
                when bool_or(a.attname = 'run_id') then 't.run_id = any ($2)'
                when bool_or(a.attname = 'root_run_id') then 't.root_run_id = any ($2)'
                else 't.goal_id = any ($3)' end as condition
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('goalpost', 'goalpost_private')
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relkind = 'r'
     group by n.nspname, c.relname
    having c.relname = 'requests' or bool_or(a.attname in ('request_id', 'run_id', 'root_run_id', 'goal_id'))
  loop
    execute format('insert into %I.%I (%s) overriding system value select %s from %I.%I t, unnest($4) k where %s',
                   v_table.schema_name, v_table.table_name, v_table.columns, v_table.expressions,
                   v_table.schema_name, v_table.table_name, v_table.condition)
      using p_request_id, v_runs, v_goals, p_copies;
  end loop;
end
$$;

-- Returns the rows of requests after a race: [{request_id, request, runs, steps, approvals, events, attempts}].
create function races.facts(p_request_ids bigint[]) returns jsonb
language sql stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'request_id', q.id,
           'request', q.state,
           'runs', (select jsonb_agg(jsonb_build_object('id', r.id, 'state', r.state, 'goal_id', g.id, 'goal', g.state,
                                                        'parent_run_id', g.parent_run_id) order by r.id)
                      from goalpost.workflow_runs r left join goalpost.goals g on g.id = r.goal_id
                     where r.workspace_id = q.workspace_id and r.request_id = q.id),
           'steps', (select jsonb_agg(jsonb_build_object('run_id', s.run_id, 'key', s.key, 'kind', s.kind, 'state', s.state,
                                                         'lease_epoch', s.lease_epoch, 'attempt', s.attempt))
                       from goalpost.workflow_runs r join goalpost.steps s on s.run_id = r.id
                      where r.workspace_id = q.workspace_id and r.request_id = q.id),
           'approvals', (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'state', a.state, 'decided_by', a.decided_by,
                                                                      'run_id', a.run_id, 'step_key', a.step_key)), '[]')
                           from goalpost.workflow_runs r join goalpost.approvals a on a.run_id = r.id
                          where r.workspace_id = q.workspace_id and r.request_id = q.id),
           'events', (select coalesce(jsonb_agg(jsonb_build_object('sequence', e.sequence, 'run_id', e.run_id,
                                                                   'step_key', e.step_key, 'type', e.type)
                                                order by e.sequence), '[]')
                        from goalpost.events e
                       where e.root_run_id = (select min(r.id) from goalpost.workflow_runs r
                                               where r.workspace_id = q.workspace_id and r.request_id = q.id)),
           'attempts', (select coalesce(jsonb_agg(jsonb_build_object('run_id', t.run_id, 'key', t.step_key,
                                                                     'attempt', t.attempt, 'outcome', t.outcome)), '[]')
                          from goalpost.workflow_runs r join goalpost.step_attempts t on t.run_id = r.id
                         where r.workspace_id = q.workspace_id and r.request_id = q.id))), '[]')
    from goalpost.requests q
   where q.id = any (p_request_ids)
$$;

-- Returns the ids of a tree, for its copies.
create function races.tree(p_request_id bigint) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'request_id', q.id,
    'goal_ids', (select jsonb_agg(g.id order by g.id) from goalpost.goals g where g.request_id = q.id),
    'run_ids', (select jsonb_agg(r.id order by r.id) from goalpost.workflow_runs r where r.request_id = q.id),
    'approval_id', (select max(a.id) from goalpost.approvals a join goalpost.workflow_runs r on r.id = a.run_id
                     where r.request_id = q.id),
    'dead_letter_id', (select max(d.id) from goalpost.dead_letters d join goalpost.workflow_runs r on r.id = d.run_id
                        where r.request_id = q.id))
    from goalpost.requests q where q.id = p_request_id
$$;

-- Starts the racers once all of them wait at the barrier, which this session holds. Returns true if one is then seen
-- waiting for another: for a row, or for a tree, but not at the barrier. It polls a few times only.
create function races.start(p_pids integer[]) returns jsonb
language plpgsql
as $$
declare
  v_until constant timestamptz := clock_timestamp() + interval '60 seconds';
begin
  while (select count(*) from pg_locks
          where locktype = 'advisory' and not granted and pid = any (p_pids)) < cardinality(p_pids) loop
    if clock_timestamp() > v_until then
      raise exception 'not all racers came to the barrier';
    end if;
    perform pg_sleep(0.0001);
  end loop;
  perform pg_advisory_unlock(1);
  for v_look in 1 .. 3 loop
    if exists (select from pg_locks
                where locktype in ('transactionid', 'tuple', 'advisory') and not granted and pid = any (p_pids)
                  and (locktype <> 'advisory' or (classid, objid) <> (0, 1))) then
      return 'true';
    end if;
    perform pg_sleep(0.0001);
  end loop;
  return 'false';
end
$$;

-- Prepares another kind of race: steps that earlier ones left ready are not due, those left running are not overdue for
-- a day, and the next ids begin here.
-- Trees have ids below 10000, so that their copies never collide; the engine assigns ids far above in races.
create function races.begin_ids(p_first bigint) returns void
language plpgsql
as $$
begin
  update goalpost.steps set run_after = '2100-01-01' where state = 'ready';
  update goalpost.steps set lease_expires_at = '2100-01-01', timeout_seconds = 86400 where state = 'running';
  perform setval(pg_get_serial_sequence('goalpost.' || t, 'id'), p_first)
     from unnest(array['requests', 'goals', 'workflow_runs', 'approvals', 'dead_letters']) t;
end
$$;
