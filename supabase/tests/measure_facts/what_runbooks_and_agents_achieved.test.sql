-- Counts, successes, cost and mean duration, from the rows of work; again and again the same.
begin;
select plan(4);
select tests.world();

select tests.keep('book', goalpost_private.publish_builtin_runbook('tests-book', 1, 't', 'd', 'g', '{}', false, '{"steps": []}'));
select tests.keep('good', tests.goal());
select tests.keep('bad', tests.goal());
select tests.keep('open', tests.goal());
select tests.do_complete(r, 'plan', jsonb_build_object('runbook_id', tests.the('book'), 'plan', jsonb_build_object('steps', tests.steps('a', jsonb_build_object('a', tests.agent())))))
  from unnest(array[tests.the('good'), tests.the('bad'), tests.the('open')]) r;
select tests.start(tests.the('good'), 'a');
select tests.pass('20 seconds');
select tests.spend(tests.the('good'), 'a', c) from unnest(array[100, 20]) c;
select tests.finish(tests.the('good'), 'a', 'completed', '{"result": {}}');
select tests.pass('10 seconds');
select tests.spend(tests.the('bad'), 'a', 3);
select tests.finish(tests.the('bad'), 'a', 'failed', '{"error": {"retryable": false, "message": "m"}}');
select tests.report_failure(tests.the('bad'));
select tests.pass('30 seconds');
select tests.do_complete(tests.the('good'), 'judge', '{"decision": "complete", "report": "r"}');
create function pg_temp.facts() returns setof record language sql as $$
  select uses, successes, cost_microusd, mean_duration_ms from goalpost.runbook_facts where runbook_id = tests.the('book')
  union all
  select uses, successes, cost_microusd, mean_duration_ms from goalpost.agent_facts f join goalpost.agents a on a.id = f.agent_id where a.name = 'analyst' $$;

select is(goalpost_worker.measure_facts() ->> 'runbooks', '1', 'one runbook was used');
select results_eq('select * from pg_temp.facts() as f(uses integer, successes integer, cost bigint, duration bigint)',
  $$ values (2, 1, 123::bigint, 45000::bigint), (2, 1, 123::bigint, 25000::bigint) $$,
  'two ended runs of 60 and 30 seconds; two ended steps of 20 and 30; the open ones do not count');
select goalpost_worker.measure_facts();
select results_eq('select * from pg_temp.facts() as f(uses integer, successes integer, cost bigint, duration bigint)',
  $$ values (2, 1, 123::bigint, 45000::bigint), (2, 1, 123::bigint, 25000::bigint) $$, 'measured again, the same');
select is((select measured_at from goalpost.runbook_facts where runbook_id = tests.the('book')), goalpost_private.clock(), 'as of now');

select * from finish();
rollback;
