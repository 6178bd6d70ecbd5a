-- Improvements in force are measured, each by its own rows; others stay as they are.
begin;
select plan(13);
select tests.world(false);

select tests.json_for('petra', format('select goalpost.start_analysis(%L)', tests.id_of('acme')));
select tests.set('run', (select max(run_id) from goalpost.steps where kind = 'analyze'));
create function pg_temp.lesson(p_fingerprint text, p_uses integer, p_successes integer, p_state text default 'applied', p_workspace text default 'acme') returns void language plpgsql as $$
declare
  v_memory bigint;
begin
  insert into goalpost.memories (workspace_id, scope, kind, title, text, trust, created_at, expires_at)
  values (tests.id_of(p_workspace), 'workspace', 'lesson', 't', p_fingerprint, 'trusted', now(), now() + interval '100 years') returning id into v_memory;
  if p_uses is not null then
    insert into goalpost.memory_statistics (workspace_id, memory_id, uses, successes, folded_at) values (tests.id_of(p_workspace), v_memory, p_uses, p_successes, now());
  end if;
  insert into goalpost.improvements (workspace_id, kind, title, change, fingerprint, evidence, run_id, memory_id, state, created_at, changed_at)
  values (tests.id_of(p_workspace), 'lesson', 't', '{}', p_fingerprint, '{}',
          case p_workspace when 'acme' then tests.get('run') else (select max(id) from goalpost.workflow_runs where workspace_id = tests.id_of(p_workspace)) end,
          v_memory, p_state, now(), '2020-01-01');
end $$;
create function pg_temp.state(p_fingerprint text) returns text language sql as $$
  select i.state || coalesce(' ' || (i.measured ->> 'uses') || ' ' || (i.measured ->> 'successes'), '') || case when i.changed_at > '2025-01-01' then ' changed' else '' end
    from goalpost.improvements i where i.fingerprint = p_fingerprint $$;
select tests.json_for('sam', format('select goalpost.start_analysis(%L)', tests.id_of('elsewhere')));
select pg_temp.lesson('unused', null, null), pg_temp.lesson('good', 4, 4), pg_temp.lesson('bad', 6, 1), pg_temp.lesson('new', 2, 2),
       pg_temp.lesson('proposed', 6, 1, 'proposed'), pg_temp.lesson('gone', 6, 1, 'rejected'), pg_temp.lesson('theirs', 6, 1, 'applied', 'elsewhere');
insert into goalpost.improvements (workspace_id, kind, title, change, fingerprint, evidence, run_id, policy_name, state, created_at, changed_at)
values (tests.id_of('acme'), 'policy', 't', '{}', 'policy', '{}', tests.get('run'), 'learned: sql', 'applied', now(), '2020-01-01');
select goalpost_private.measure_improvements(tests.id_of('acme'), goalpost_private.clock());
select is(pg_temp.state('unused'), 'applied', 'a lesson that nobody received is not measured');
select is(pg_temp.state('good'), 'measured 4 4 changed', 'a good one is measured');
select is(pg_temp.state('new'), 'applied 2 2', 'one that keeps its state keeps its time');
select is(pg_temp.state('bad'), 'reverted 6 1 changed', 'a bad one is reverted');
select is((select string_agg(text || ' ' || trust, ', ' order by text) from goalpost.memories where trust = 'revoked'), 'bad revoked', 'and it alone is revoked');
select is(pg_temp.state('proposed') || ', ' || pg_temp.state('gone'), 'proposed, rejected', 'what is not in force is not measured');
select is(pg_temp.state('theirs'), 'applied', 'other workspaces have their own analyses');
select is(pg_temp.state('policy'), 'applied', 'a policy has no measure');
select goalpost_private.measure_improvements(tests.id_of('acme'), goalpost_private.clock());
select is(pg_temp.state('good'), 'measured 4 4 changed', 'again changes nothing');

-- A runbook on trial becomes active alone, although others are candidates; what is active is left as it is.
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan, state) values
  (tests.id_of('acme'), 'tried', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), 'candidate'),
  (tests.id_of('acme'), 'waiting', 't', 'd', 'g', '{}', 'candidate');
insert into goalpost.improvements (workspace_id, kind, title, change, fingerprint, evidence, run_id, runbook_id, state, created_at, changed_at)
select tests.id_of('acme'), 'runbook', 't', '{}', b.name, '{"runs": [1, 2, 3]}', tests.get('run'), b.id, 'approved', now(), '2020-01-01'
  from goalpost.runbooks b where b.name in ('tried', 'waiting');
select tests.do_complete((tests.json_for('mia', format('select goalpost.accept_request(%L, ''go'', p_runbook => ''tried'')', tests.id_of('acme'))) ->> 'run_id')::bigint, 'a', '{"text": "done"}')
  from generate_series(1, 3);
select goalpost_private.measure_improvements(tests.id_of('acme'), goalpost_private.clock());
select is((select string_agg(name || ' ' || state, ', ' order by name) from goalpost.runbooks where workspace_id = tests.id_of('acme')), 'tried active, waiting candidate', 'the tried runbook alone is active');
select is(pg_temp.state('tried') || ', ' || pg_temp.state('waiting'), 'applied 3 3 changed, approved', 'and its improvement alone is applied');
update goalpost.runbooks set state = 'retired' where name = 'tried';
update goalpost.improvements set state = 'applied' where fingerprint = 'tried';
select goalpost_private.measure_improvements(tests.id_of('acme'), goalpost_private.clock());
select is((select state from goalpost.runbooks where name = 'tried'), 'retired', 'a runbook that a person retired is not activated again');

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan, state)
values (tests.id_of('acme'), 'few', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), 'active');
insert into goalpost.improvements (workspace_id, kind, title, change, fingerprint, evidence, run_id, runbook_id, state, created_at, changed_at)
select tests.id_of('acme'), 'runbook', 't', '{}', b.name, '{"runs": [1, 2, 3]}', tests.get('run'), b.id, 'applied', now(), '2020-01-01' from goalpost.runbooks b where b.name = 'few';
select tests.do_complete((tests.json_for('mia', format('select goalpost.accept_request(%L, ''go'', p_runbook => ''few'')', tests.id_of('acme'))) ->> 'run_id')::bigint, 'a', '{"text": "done"}');
update goalpost.runbooks set state = 'retired' where name = 'few';
select goalpost_private.measure_improvements(tests.id_of('acme'), goalpost_private.clock());
select is((select state from goalpost.runbooks where name = 'few'), 'retired', 'nor before its effect is known');

select * from finish();
rollback;
