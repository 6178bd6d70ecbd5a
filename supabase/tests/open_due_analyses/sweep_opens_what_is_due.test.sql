-- The sweep opens an analysis once an interval has passed since the last one and something has ended.
begin;
select plan(10);
select tests.world(false);

create function pg_temp.analyses() returns text language sql as $$
  select goalpost_private.sweep();
  select count(*)::text from goalpost.steps where kind = 'analyze' $$;
create function pg_temp.goal() returns void language sql as $$
  select tests.do_complete((tests.json_for('mia', format('select goalpost.accept_request(%L, ''go'', p_runbook => ''book'')', tests.id_of('acme'))) ->> 'run_id')::bigint, 'a', '{"text": "done"}') $$;
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan)
values (tests.id_of('acme'), 'book', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a')));

select pg_temp.goal();
select is(pg_temp.analyses(), '0', 'the first end starts the interval');
select tests.advance_clock('59 minutes');
select is(pg_temp.analyses(), '0', 'before the interval has passed nothing is opened');
select tests.advance_clock('2 minutes');
select is(pg_temp.analyses(), '1', 'after it an analysis is opened');
select is((select user_id from goalpost.workflow_runs order by id desc limit 1), tests.id_of('olga'), 'as the owner');
select is(tests.wake_count('analyzer'), 1::bigint, 'the analyzer is woken');
select tests.do_complete((select max(run_id) from goalpost.steps where kind = 'analyze'), 'analyze', '{"text": "t", "improvements": []}');
select tests.advance_clock('2 hours');
select is(pg_temp.analyses(), '1', 'without anything new there is no other one');
select pg_temp.goal();
select is(pg_temp.analyses(), '1', 'the fold of this sweep sees the end');
select is(pg_temp.analyses(), '2', 'the next sweep opens an analysis');
select tests.advance_clock('2 hours');
select pg_temp.goal();
select pg_temp.analyses();
select is(pg_temp.analyses(), '2', 'not beside one that is under way');
select tests.do_complete((select max(run_id) from goalpost.steps where kind = 'analyze'), 'analyze', '{"text": "t", "improvements": []}');
select tests.json_for('adam', format('select goalpost.set_workspace_settings(%L, ''{"learning": "off"}'')', tests.id_of('acme')));
select pg_temp.goal();
select pg_temp.analyses();
select tests.advance_clock('2 hours');
select is(pg_temp.analyses(), '2', 'not where learning is off');

select * from finish();
rollback;
