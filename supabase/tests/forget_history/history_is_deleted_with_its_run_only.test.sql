-- A tree has several runs with one history: deleting a run deletes its own part of it.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.do_complete(tests.get('run'), 'a');
select tests.set('root', r.root_run_id) from goalpost.workflow_runs r where r.id = tests.get('run');
create function pg_temp.history(p_name text) returns text language sql as $$
  select (select count(*) > 0 from goalpost.events e where e.run_id = tests.get(p_name)) || ' '
         || (select count(*) > 0 from goalpost.step_attempts a where a.run_id = tests.get(p_name)) $$;
select is(pg_temp.history('root'), 'true true', 'the first run of the tree has events and attempts');
select is(pg_temp.history('run'), 'true true', 'the run of its goal has events and attempts');
select tests.set('events', count(*)) from goalpost.events e where e.run_id = tests.get('root');
delete from goalpost.workflow_runs where id = tests.get('run');
select is(pg_temp.history('run'), 'false false', 'a deleted run''s events and attempts are deleted');
select is(pg_temp.history('root'), 'true true', 'the first run keeps its events and attempts');
select is((select count(*) from goalpost.events e where e.run_id = tests.get('root')), tests.get('events'), 'the first run keeps each of its events');

select * from finish();
rollback;
