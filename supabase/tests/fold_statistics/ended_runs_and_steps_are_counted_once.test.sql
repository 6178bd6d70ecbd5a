-- Ended runs per runbook and ended steps per agent are counted with successes, duration and cost, per workspace.
begin;
select plan(10);
select tests.world();

select tests.set('book', goalpost_private.publish_builtin_runbook('tests-book', 1, 't', 'd', 'g', '{}', false, '{"steps": []}'));
create function pg_temp.follow(p_name text, p_person text, p_workspace text) returns void language plpgsql as $$
begin
  perform tests.set(p_name, tests.goal(p_person, p_workspace));
  perform tests.do_complete(tests.get(p_name), 'plan', jsonb_build_object('runbook_id', tests.get('book'), 'plan',
    jsonb_build_object('steps', tests.steps('a', jsonb_build_object('a', tests.agent())))));
end $$;
create function pg_temp.runbook(p_workspace text) returns text language sql as $$
  select concat_ws(' ', uses, successes, cost_microusd, duration_ms) from goalpost.runbook_statistics
   where runbook_id = tests.get('book') and workspace_id = tests.id_of(p_workspace) $$;
create function pg_temp.agent(p_workspace text) returns text language sql as $$
  select concat_ws(' ', uses, successes, cost_microusd, duration_ms) from goalpost.agent_statistics f join goalpost.agents a on a.id = f.agent_id
   where a.name = 'analyst' and f.workspace_id = tests.id_of(p_workspace) $$;

select pg_temp.follow('good', 'mia', 'acme');
select pg_temp.follow('bad', 'mia', 'acme');
select pg_temp.follow('open', 'mia', 'acme');
select pg_temp.follow('cancelled', 'mia', 'acme');
select pg_temp.follow('theirs', 'sam', 'elsewhere');
select tests.start(tests.get('good'), 'a');
select tests.advance_clock('20 seconds');
select tests.spend(tests.get('good'), 'a', c) from unnest(array[100, 20]) c;
select tests.finish(tests.get('good'), 'a', 'completed', '{"result": {}}');
select tests.advance_clock('10 seconds');
select tests.spend(tests.get('bad'), 'a', 3);
select tests.finish(tests.get('bad'), 'a', 'failed', '{"error": {"retryable": false, "message": "m"}}');
select tests.report_failure(tests.get('bad'));
select tests.do_complete(tests.get('theirs'), 'a', '{}');
select tests.do_complete(tests.get('theirs'), 'judge', '{"decision": "complete", "report": "r"}');
select tests.advance_clock('30 seconds');
select tests.do_complete(tests.get('good'), 'judge', '{"decision": "complete", "report": "r"}');
select tests.value_for('mia', format('select goalpost.cancel_goal(%s)', (tests.goal_of(tests.get('cancelled'))).id));

select is_empty('select * from goalpost.unfolded_statistics where uses <> 0 and agent_id is null and runbook_id is null',
  'ended steps without an agent append no row');
select ok((goalpost_worker.fold_statistics() ->> 'folded')::integer > 0, 'a fold adds the appended rows');
select is(pg_temp.runbook('acme'), '2 1 123 90000', 'the runbook counts completed and failed runs only');
select is(pg_temp.agent('acme'), '2 1 123 50000', 'the agent counts both of its ended steps');
select is(pg_temp.runbook('elsewhere') , '1 1 0 30000', 'another workspace has its own statistics of the runbook');
select is(goalpost_worker.fold_statistics() ->> 'folded', '0', 'a second fold has no rows to fold');

-- A failed run that a person retries ends again.
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('bad'), 'a')));
select goalpost_private.sweep();
select is(pg_temp.runbook('acme'), '1 1 123 60000', 'a reopened run is not counted after the next sweep');
select is(pg_temp.agent('acme'), '1 1 123 20000', 'a reopened step is not counted');
select tests.start(tests.get('bad'), 'a');
select tests.advance_clock('5 seconds');
select tests.do_complete(tests.get('bad'), 'a', '{}');
select tests.do_complete(tests.get('bad'), 'judge', '{"decision": "complete", "report": "r"}');
select goalpost_private.sweep();
select is(pg_temp.runbook('acme'), '2 2 123 125000', 'a reopened run is counted once, at its last end');
select is(pg_temp.agent('acme'), '2 2 123 25000', 'a reopened step is counted once');

select * from finish();
rollback;
