-- A stolen token of the functions has these rights and no more.
begin;
select plan(8);

select set_eq(
  $$ select p.oid::regprocedure::text from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and has_function_privilege('goalpost_worker', p.oid, 'execute') $$,
  array['goalpost_worker.claim_steps(text[],integer,integer,text,bigint,jsonb,bigint)', 'goalpost_worker.finish_steps(jsonb,text[],integer,integer,text,jsonb)',
        'goalpost_worker.heartbeat_steps(jsonb,integer)', 'goalpost_worker.answer_query(bigint,text,bigint,text,integer,integer)', 'goalpost_worker.check_queries(bigint,text,bigint,text[])', 'goalpost_worker.read_common_values(bigint,text,bigint)', 'goalpost_worker.read_period(bigint,text,bigint,integer)',
        'goalpost_worker.recall_memories(bigint,text,bigint,integer,text,text,jsonb,integer,integer)', 'goalpost_worker.remember(bigint,text,bigint,integer,text,jsonb)', 'goalpost_worker.embed_memories(bigint,text,bigint,text,jsonb,integer)', 'goalpost_worker.embed_runbooks(bigint,text,bigint,text,double precision,jsonb,integer)', 'goalpost_worker.match_question(bigint,text,bigint,text,jsonb)',
        'goalpost_worker.read_journal(bigint,text,bigint)', 'goalpost_worker.begin_turn(bigint,text,bigint,jsonb,jsonb)', 'goalpost_worker.end_turn(bigint,text,bigint,integer,jsonb,jsonb)',
        'goalpost_worker.record_webhook(text)', 'goalpost_worker.accept_message(text,jsonb)', 'goalpost_worker.freeze_calls(bigint,text,bigint,jsonb,jsonb)', 'goalpost_worker.begin_calls(bigint,text,bigint,integer[])', 'goalpost_worker.end_calls(bigint,text,bigint,jsonb)', 'goalpost_worker.write_table(bigint,text,bigint,integer,text,jsonb,text,text[])', 'goalpost_worker.read_webhook_secret(bigint,text,bigint)', 'goalpost_worker.read_mcp_server(bigint,text,bigint,text,text)', 'goalpost_worker.record_mcp_tools(bigint,text,bigint,text,jsonb)', 'goalpost_worker.carry_out_call(bigint,text,bigint,integer)',
        'goalpost_worker.forget_work(integer)', 'goalpost_private.is_object_to_delete(text)', 'goalpost_worker.sweep()',
        'goalpost_worker.claim_notifications(integer,integer,bigint)', 'goalpost_worker.end_notifications(jsonb)', 'goalpost_worker.read_decision_link(text)', 'goalpost_worker.decide_by_link(text,text,text,jsonb)',
        'goalpost_worker.sweep()', 'goalpost_worker.fold_statistics()', 'goalpost_worker.read_evidence(bigint,text,bigint)'], 'the worker may call exactly the listed functions');
select set_eq(
  $$ select p.oid::regprocedure::text from pg_catalog.pg_proc p where p.pronamespace = 'goalpost_worker'::regnamespace or p.proname = 'is_object_to_delete' $$,
  $$ select p.oid::regprocedure::text from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname like 'goalpost%' and has_function_privilege('goalpost_worker', p.oid, 'execute') $$, 'the callable functions are those of the worker''s schema, and that of the policy on objects');
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and c.relkind in ('r', 'p', 'v', 'm')
        and (has_any_column_privilege('goalpost_worker', c.oid, 'select, insert, update, references')
             or has_table_privilege('goalpost_worker', c.oid, 'delete, truncate, trigger')) $$, 'the worker has no right on any table');
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and case when c.relkind = 'S' then has_sequence_privilege('goalpost_worker', c.oid, 'usage, select, update') end $$, 'the worker has no right on any sequence');
select is_empty(
  $$ select n from unnest(array['goalpost', 'goalpost_private']) n where has_schema_privilege('goalpost_worker', n, 'usage, create') $$, 'the worker has no right on the other schemas');
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p where p.pronamespace = 'goalpost_worker'::regnamespace
      and (has_function_privilege('authenticated', p.oid, 'execute') or has_function_privilege('service_role', p.oid, 'execute')) $$, 'no API role may call the worker''s functions');
select ok(not r.rolcanlogin and not r.rolsuper and not r.rolbypassrls and not r.rolcreaterole and not r.rolcreatedb, 'the worker role has no attributes of its own')
  from pg_catalog.pg_roles r where r.rolname = 'goalpost_worker';
select is_empty(
  $$ select r.rolname from pg_catalog.pg_roles r where r.rolname <> 'goalpost_worker' and pg_has_role('goalpost_worker', r.oid, 'member') $$, 'the worker role is a member of no other role');

select * from finish();
rollback;
