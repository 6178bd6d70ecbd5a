-- Goalpost in Postgres: the story.
--
-- A request becomes a run; a run is a set of steps; a step is claimed under a lease, worked by a stateless
-- function, and finished. Everything that happens is a row, and only the SQL functions of these files move rows
-- from one state to another. A wake (webhook, queue message, schedule) only says "look": losing one costs latency.
--
--   accept_request ─> run 'request' ─ assess ─┬─ answer
--                                             ├─ a few steps ─ answer
--                                             └─ goal ─> run 'goal' ─ plan ─> steps … ─> judge ─┬─ completed
--                                                             ▲                                 ├─ failed
--                                                             └──────────── re-plan ────────────┘
--
-- One tree, one lock: a request's first run is the root of everything that follows from it (workflow_runs.root_run_id).
-- Every transition takes that run's advisory lock first (lock_trees), then checks, then writes. Claims alone take no
-- tree lock: they lock ready steps with `skip locked` and wait for nobody.
--
-- Schemas: goalpost (exposed: tables under row-level security, and what people may call),
--          goalpost_worker (exposed: what the functions may call, by the role goalpost_worker alone),
--          goalpost_private (not exposed: definer functions, helpers, readers of secrets).
-- All grants are in 92_access/20_grants.sql. Nothing here needs a superuser or a Postgres newer than 15.

create extension if not exists pgcrypto with schema extensions;
create extension if not exists pg_net with schema extensions;
create extension if not exists pg_cron with schema pg_catalog;
create extension if not exists supabase_vault with schema vault;
create extension if not exists vector with schema extensions;
create schema goalpost;
create schema goalpost_worker;
create schema goalpost_private;

-- Roles are shared by all databases of a cluster, hence the guards.
do $$
begin
  -- What the functions act as: may execute the RPCs of goalpost_worker and nothing else of ours.
  if not exists (select from pg_catalog.pg_roles where rolname = 'goalpost_worker') then
    create role goalpost_worker nologin noinherit;
  end if;
  -- Analyses a person's SQL before it runs: resolves names as `authenticated` does, and may make temporary functions.
  if not exists (select from pg_catalog.pg_roles where rolname = 'goalpost_asker') then
    create role goalpost_asker nologin inherit;
    grant authenticated to goalpost_asker;
    grant goalpost_asker to postgres;
  end if;
end
$$;
grant goalpost_worker to authenticator;
alter role goalpost_worker set statement_timeout = '8s';
