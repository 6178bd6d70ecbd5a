-- A judge and a planner receive the calls that were made, and an agent the reason why a dependency failed.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('shaky, reads, works, after:shaky+reads', jsonb_build_object(
  'shaky', '{"on_failure": "continue"}'::jsonb, 'works', tests.agent(), 'after', tests.agent())));
select tests.set('other', tests.planned('shaky, reads', '{"shaky": {"on_failure": "continue"}, "reads": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('other'), 'reads');
select tests.start(tests.get('run'), 'works');
select tests.bare_call(tests.get('run'), 'works', 1, 'done', '{"tool": "sql"}');
select tests.bare_call(tests.get('run'), 'works', 2, 'done', '{"tool": "submit_result"}');
select tests.do_complete(tests.get('run'), 'works', '{"text": "t"}');
select tests.do_fail(tests.get('run'), 'shaky');
select tests.do_complete(tests.get('run'), 'reads', '{"n": 1}');

select is(jsonb_path_query_array(goalpost_private.describe_work(tests.get('run')), '$[*] ? (exists (@.calls)).key'), '["works"]', 'only the agent''s step has calls to describe');
select is(jsonb_path_query_array(goalpost_private.describe_work(tests.get('run')), '$[*].calls[*].tool'), '["sql"]', 'submit_result is not among the described calls');
select is(jsonb_path_query_first(goalpost_private.describe_work(tests.get('run')), '$[*].calls[0].result'), '"{}"', 'a call comes with the beginning of its result');
select is(jsonb_path_query_first(tests.claim('agent'), '$[*] ? (@.step_key == "after").context.failed_steps'), '{"shaky": "it broke"}', 'an agent receives the reason why a dependency failed');
select is(goalpost_private.failed_dependencies(tests.get('run'), '{reads}'), '{}', 'a step without failed dependencies receives no reasons');
select is(goalpost_private.failed_dependencies(tests.get('run'), '{}'), '{}', 'a step without dependencies receives no reasons');
select is(goalpost_private.completed_keys(tests.get('run')), '{reads,works}', 'completed keys contain the plan''s steps, without the engine''s own');

select * from finish();
rollback;
