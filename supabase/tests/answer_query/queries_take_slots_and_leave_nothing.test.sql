-- The limits bound how many queries run at once; a slot ends with its transaction. A query that ran into its time limit
-- has an error code of its own.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.set('other', tests.planned('a', '{}', '[]', 'sam', 'elsewhere'));
select tests.start(tests.get('run'), 'a');
-- Not undone, as the transaction of a query that runs.
create function pg_temp.ask(p_run bigint, p_query text default 'select 1 as n') returns jsonb language sql as $$
  select goalpost_worker.answer_query(p_run, 'a', (tests.step(p_run, 'a')).lease_epoch, p_query, 10, 1000) - 'rows' - 'columns' - 'truncated' $$;
-- Slots that another session holds cannot be shown in one session: locks of one session never exclude each other.
select pg_temp.ask(tests.get('run'));
select is((select array_agg(l.objid::integer order by l.objid) from pg_catalog.pg_locks l
            where l.locktype = 'advisory' and l.pid = pg_backend_pid() and l.objsubid = 2
              and l.classid::bigint & 4294967295 in (hashtext('goalpost.query')::bigint & 4294967295,
                                hashtext('goalpost.query.' || tests.id_of('acme'))::bigint & 4294967295)),
  array[1, 1], 'a query holds one slot of the project and one of its workspace');
select is((select l.max_queries from goalpost_private.limits l), 4, 'four queries run at once in a project');
select is((select l.max_queries_per_workspace from goalpost_private.limits l), 2, 'two queries run at once in a workspace');
select isnt(hashtext('goalpost.query.' || tests.id_of('acme')), hashtext('goalpost.query.' || tests.id_of('elsewhere')), 'each workspace has slots of its own');

set local statement_timeout = '1s';
select is(pg_temp.ask(tests.get('run'), 'select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b') ->> 'refused', 'ZG011',
  'a query that runs into the time limit is refused for that');
select matches((select p.proconfig::text from pg_catalog.pg_proc p where p.oid = 'goalpost_worker.answer_query(bigint, text, bigint, text, integer, integer)'::regprocedure),
  'statement_timeout=6s.*work_mem=8MB', 'a query has a limit of time and of memory for each of its operations');
select is(pg_temp.ask(tests.get('run')) ->> 'row_count', '1', 'the next query runs after one that timed out');

select * from finish();
rollback;
