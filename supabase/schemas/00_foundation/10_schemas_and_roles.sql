-- The engine of Goalpost in Postgres.
--
-- A request becomes a run; a run is a set of steps; a step is claimed under a lease, processed by a stateless function,
-- and finished. All state is in rows, and only the SQL functions of these files change the state of a row. A wake
-- (webhook, queue message, schedule) only starts a drain, which reads the rows: a lost wake costs latency and nothing
-- else.
--
--   accept_request ─> run 'request' ─ assess ─┬─ answer
--                                             ├─ a few steps ─ answer
--                                             └─ goal ─> run 'goal' ─ plan ─> steps … ─> judge ─┬─ completed
--                                                             ▲                                 ├─ failed
--                                                             └──────────── re-plan ────────────┘
--
-- One lock per tree: the first run of a request is the root of every run that follows from it
-- (workflow_runs.root_run_id). Every transition takes that run's advisory lock first (lock_trees), then checks, then
-- writes. Claims alone take no tree lock: they lock ready steps with `skip locked` and do not block.
--
-- Schemas: goalpost (exposed: tables under row-level security, and the functions that people may call),
--          goalpost_worker (exposed: the functions that workers may call, executable by the role goalpost_worker alone),
--          goalpost_private (not exposed: definer functions, helpers, readers of secrets).
-- All grants are in 92_access/20_grants.sql. These files need neither a superuser nor a Postgres newer than 15.

create extension if not exists pgcrypto with schema extensions;
create extension if not exists pg_net with schema extensions;
create extension if not exists pg_cron with schema pg_catalog;
create extension if not exists supabase_vault with schema vault;
create extension if not exists vector with schema extensions;
create extension if not exists pgmq;
create schema goalpost;
create schema goalpost_worker;
create schema goalpost_private;

-- Roles are shared by all databases of a cluster and may exist already.
do $$
begin
  -- The role of the workers: it may execute the RPCs of goalpost_worker and has no other rights on these schemas.
  if not exists (select from pg_catalog.pg_roles where rolname = 'goalpost_worker') then
    create role goalpost_worker nologin noinherit;
  end if;
  -- The role that analyses a person's SQL before it runs: it resolves names as `authenticated` does, and may create
  -- temporary functions.
  if not exists (select from pg_catalog.pg_roles where rolname = 'goalpost_asker') then
    create role goalpost_asker nologin inherit;
    grant authenticated to goalpost_asker;
    grant goalpost_asker to postgres;
  end if;
end
$$;
grant goalpost_worker to authenticator;
alter role goalpost_worker set statement_timeout = '8s';
