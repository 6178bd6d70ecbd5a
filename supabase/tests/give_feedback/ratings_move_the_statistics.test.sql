-- A completed goal that more people rate bad than good counts as failed for its runbook, and a step for its agent.
begin;
select plan(17);
select tests.world();

insert into goalpost.agents (workspace_id, name, role, tools) values (tests.id_of('acme'), 'own', 'r', '{}');
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan)
values (tests.id_of('acme'), 'book', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a', jsonb_build_object('a', tests.agent('own')))));
select tests.set('run', (tests.json_for('mia', format('select goalpost.accept_request(%L, ''go'', p_runbook => ''book'')', tests.id_of('acme'))) ->> 'run_id')::bigint);
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
create function pg_temp.rate(p_person text, p_rating text, p_step text default '') returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.give_feedback(%s, %L, ''because'', %L)', tests.get('goal'), p_rating, p_step)) $$;
create function pg_temp.statistics() returns text language sql as $$
  select goalpost_worker.fold_statistics();
  select (select successes || ' of ' || uses from goalpost.runbook_statistics s join goalpost.runbooks b on b.id = s.runbook_id where b.name = 'book')
         || ', ' || (select successes || ' of ' || uses from goalpost.agent_statistics s join goalpost.agents a on a.id = s.agent_id where a.name = 'own') $$;

select is(pg_temp.rate('mia', 'good'), 'ZG004', 'a goal that has not ended is not rated');
select tests.do_complete(tests.get('run'), 'a', '{"text": "done"}');
select is(pg_temp.statistics(), '1 of 1, 1 of 1', 'the completed run counts as a success');
select is(pg_temp.rate('mia', 'bad'), 'none', 'a member rates the goal');
select is(pg_temp.statistics(), '0 of 1, 1 of 1', 'the rated goal counts as failed for its runbook, not for its agent');
select pg_temp.rate('mia', 'bad');
select is(pg_temp.statistics(), '0 of 1, 1 of 1', 'the same rating again changes nothing');
select pg_temp.rate('petra', 'good');
select is(pg_temp.statistics(), '1 of 1, 1 of 1', 'as many good ratings as bad ones count as a success');
select pg_temp.rate('adam', 'bad');
select is(pg_temp.statistics(), '0 of 1, 1 of 1', 'the majority decides');
select pg_temp.rate('adam', 'good');
select is(pg_temp.statistics(), '1 of 1, 1 of 1', 'a changed rating changes the statistics');
select is((select string_agg(rating, ' ' order by rating) from goalpost.feedback where goal_id = tests.get('goal')), 'bad good good', 'each person has one rating');
select pg_temp.rate('mia', 'bad', 'a');
select is(pg_temp.statistics(), '1 of 1, 0 of 1', 'a rated step counts as failed for its agent, not for the runbook');
select is(pg_temp.rate('mia', 'bad', 'nothing'), 'ZG001', 'a step that the goal does not have is refused');
select is(pg_temp.rate('mia', 'meh'), 'ZG003', 'a rating other than good and bad is refused');
select is(tests.refusal_for('mia', format('select goalpost.give_feedback(%s, ''bad'', repeat(''x'', 4001))', tests.get('goal'))), 'ZG003', 'a comment that is too long is refused');

-- Rows that people insert are the same.
select is(tests.refusal_for('olga', format('insert into goalpost.feedback (workspace_id, goal_id, rating) values (%L, %s, ''bad'') returning 1', tests.id_of('acme'), tests.get('goal'))), 'none', 'a rating may be inserted');
select is(pg_temp.statistics(), '1 of 1, 0 of 1', 'two bad ratings of four are no majority');
select is(tests.refusal_for('mia', format('insert into goalpost.feedback (workspace_id, goal_id, rating) values (%L, %s, ''good'') returning 1', tests.id_of('acme'), tests.get('goal'))), '23505', 'a second rating is not inserted');

-- A failed goal was no success; a bad rating takes nothing from it.
select tests.set('run2', (tests.json_for('mia', format('select goalpost.accept_request(%L, ''go'', p_runbook => ''book'')', tests.id_of('acme'))) ->> 'run_id')::bigint);
select tests.set('goal', (tests.goal_of(tests.get('run2'))).id);
select tests.do_fail(tests.get('run2'), 'a');
select pg_temp.rate('mia', 'bad');
select is(pg_temp.statistics(), '1 of 2, 0 of 2', 'a failed goal is counted once as failed, whatever its rating');

select * from finish();
rollback;
