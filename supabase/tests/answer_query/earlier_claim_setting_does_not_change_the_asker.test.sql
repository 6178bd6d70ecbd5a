-- auth.uid() reads an older setting first, where there is one: it must not replace the person who asked. And a query has
-- a time-out of its own: PostgREST, and the local stack, set what a function declares before it begins.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select set_config('request.jwt.claim.sub', tests.id_of('petra')::text, true);
select is(tests.query(tests.get('run'), 'a', 'select auth.uid() as me') #>> '{rows,0,me}', tests.id_of('mia')::text, 'auth.uid() is the requester in spite of an older claim setting');
select ok((select p.proconfig @> array['statement_timeout=6s'] from pg_catalog.pg_proc p
            where p.oid = 'goalpost_worker.answer_query(bigint, text, bigint, text, integer, integer)'::regprocedure),
          'answer_query has a statement timeout of six seconds');

select * from finish();
rollback;
