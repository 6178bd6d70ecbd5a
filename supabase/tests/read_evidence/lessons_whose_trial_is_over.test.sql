-- A tried lesson is described with the outcomes of its goals and of others of their types.
begin;
select plan(12);
select tests.world(false);
select tests.tools();

create function pg_temp.trials() returns text language plpgsql as $$
declare
  v_run bigint;
begin
  perform tests.json_for('petra', format('select goalpost.start_analysis(%L)', tests.id_of('acme')));
  v_run := (select max(run_id) from goalpost.steps where kind = 'analyze');
  if tests.state(v_run, 'analyze') = 'ready' then
    perform tests.start(v_run, 'analyze');
  end if;
  return (select string_agg(format('%s (%s, %s) %s of %s, otherwise %s of %s', t ->> 'text', t ->> 'title', t ->> 'trust', t ->> 'successes', t ->> 'uses',
                                   t ->> 'other_successes', t ->> 'other_uses'), '; ')
            from jsonb_array_elements(goalpost_worker.read_evidence(v_run, 'analyze', (tests.step(v_run, 'analyze')).lease_epoch) -> 'trials') t);
end $$;
-- An ended goal of a type; with the lesson if p_received.
create function pg_temp.goal(p_type text, p_state text, p_received boolean, p_workspace text default 'acme', p_at timestamptz default null) returns bigint language plpgsql as $$
declare
  v_workspace constant uuid := tests.id_of(p_workspace);
  v_at constant timestamptz := coalesce(p_at, goalpost_private.clock());
  v_request bigint;
  v_goal bigint := nextval('goalpost.goals_id_seq') + 500000;
begin
  insert into goalpost.requests (workspace_id, user_id, question, state, created_at, ended_at) values (v_workspace, tests.id_of('mia'), 'q', 'answered', v_at, v_at) returning id into v_request;
  insert into goalpost.goals (id, workspace_id, user_id, request_id, root_goal_id, title, description, goal_type, state, created_at, ended_at)
  values (v_goal, v_workspace, tests.id_of('mia'), v_request, v_goal, 't', 'd', p_type, p_state, v_at, v_at);
  insert into goalpost.workflow_runs (id, workspace_id, user_id, workflow_type, request_id, goal_id, root_run_id, deadline_at, state, created_at, ended_at)
  values (v_goal, v_workspace, tests.id_of('mia'), 'goal', v_request, v_goal, v_goal, v_at, p_state, v_at, v_at);
  insert into goalpost.steps (run_id, key, workspace_id, kind, title, state, ended_at) values (v_goal, 'a', v_workspace, 'agent', 'a', 'completed', v_at);
  if p_received then
    insert into goalpost.memory_uses (run_id, step_key, attempt, call_number, rank, workspace_id, memory_id, score, is_untrusted, sent_at)
    select v_goal, 'a', 1, c, 1, v_workspace, tests.get('lesson'), 1, false, v_at from generate_series(0, 1) c;
  end if;
  return v_goal;
end $$;

select tests.set('author', pg_temp.goal('other', 'completed', false));
select tests.set('lesson', tests.memory('count all', 'workspace', '{"kind": "lesson", "title": "Counting", "trust": "untrusted"}'));
update goalpost.memories set run_id = tests.get('author'), step_key = 'a', call_number = 1;
select pg_temp.goal('sales', s, true) from unnest(array['completed', 'completed', 'failed']) s;
select tests.set('rated', pg_temp.goal('sales', 'completed', true));
select is(pg_temp.trials(), null, 'four goals are a trial that goes on');
select pg_temp.goal('costs', 'completed', true);
select is(pg_temp.trials(), 'count all (Counting, untrusted) 4 of 5, otherwise 0 of 0', 'five are compared');
select pg_temp.goal('sales', 'completed', false), pg_temp.goal('costs', 'failed', false), pg_temp.goal('other', 'completed', false);
select is(pg_temp.trials(), 'count all (Counting, untrusted) 4 of 5, otherwise 1 of 2', 'with other goals of these types');
select tests.json_for('mia', format('select goalpost.give_feedback(%s, ''bad'')', tests.get('rated')));
select is(pg_temp.trials(), 'count all (Counting, untrusted) 3 of 5, otherwise 1 of 2', 'a goal that was rated bad was not reached');
select pg_temp.goal('sales', 'cancelled', false), pg_temp.goal('sales', 'completed', false, p_at => goalpost_private.clock() - interval '91 days');
select is(pg_temp.trials(), 'count all (Counting, untrusted) 3 of 5, otherwise 1 of 2', 'cancelled goals and those long past do not count');
select pg_temp.goal('sales', 'completed', false, 'elsewhere');
select tests.set('below', pg_temp.goal('sales', 'completed', false));
update goalpost.goals set parent_goal_id = tests.get('author'), parent_run_id = tests.get('author'), parent_step_key = 'a' where id = tests.get('below');
select is(pg_temp.trials(), 'count all (Counting, untrusted) 3 of 5, otherwise 1 of 2', 'nor do those of another workspace, or below another goal');
select tests.json_for('olga', format('select goalpost.give_feedback(%s, ''good'')', tests.get('rated')));
select is(pg_temp.trials(), 'count all (Counting, untrusted) 4 of 5, otherwise 1 of 2', 'a rating that others outweigh does not count');
select tests.set('first', tests.get('lesson')), tests.set('lesson', tests.memory('count none', 'workspace', '{"kind": "lesson", "title": "More"}'));
update goalpost.memories set run_id = tests.get('author'), step_key = 'a', call_number = 2 where id = tests.get('lesson');
select pg_temp.goal('audits', 'completed', true) from generate_series(1, 5);
select is(pg_temp.trials(), 'count none (More, trusted) 5 of 5, otherwise 0 of 0; count all (Counting, untrusted) 4 of 5, otherwise 1 of 2',
          'each lesson has its own goals, the newest first');
select tests.set('both', pg_temp.goal('sales', 'completed', true));
select is(pg_temp.trials(), 'count none (More, trusted) 6 of 6, otherwise 4 of 5; count all (Counting, untrusted) 4 of 5, otherwise 2 of 3',
          'a goal with one lesson is one without the other');
delete from goalpost.memory_uses where run_id = tests.get('both');
update goalpost.goals set state = 'cancelled' where id = tests.get('both');
delete from goalpost.memories where id = tests.get('lesson');
select tests.set('lesson', tests.memory('theirs', 'workspace', '{"kind": "lesson"}', 'elsewhere'));
update goalpost.memories set run_id = tests.get('author'), step_key = 'a', call_number = 2 where id = tests.get('lesson');
select pg_temp.goal('sales', 'completed', true, 'elsewhere') from generate_series(1, 5);
select is(pg_temp.trials(), 'count all (Counting, untrusted) 4 of 5, otherwise 1 of 2', 'lessons of another workspace are not described');
update goalpost.memories set trust = 'revoked';
select is(pg_temp.trials(), null, 'a lesson that was revoked is not described');
update goalpost.memories set trust = 'trusted', expires_at = goalpost_private.clock();
select is(pg_temp.trials(), null, 'nor one that has expired');

select * from finish();
rollback;
