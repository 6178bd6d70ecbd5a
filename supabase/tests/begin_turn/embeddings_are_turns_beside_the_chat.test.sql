-- An embedding call is reserved and settled like a chat call, runs beside it, and is not replayed.
begin;
select plan(14);
select tests.world();

select tests.price();
update goalpost.workspaces set goal_budget_microusd = 5000, on_exhausted = 'ask' where id = tests.id_of('acme');
select tests.set('run', tests.agent_at_work());
create function pg_temp.embeds(p_text text, p_more jsonb default '{}') returns jsonb language sql as $$
  select goalpost_worker.begin_turn(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, tests.ask_of(p_text,
    '{"purpose": "embed", "provider": "p", "max_input_tokens": 200, "max_output_tokens": 0}' || p_more)) $$;
select is(goalpost_worker.begin_turn(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, tests.ask_of('q', '{"provider": "p"}')),
  '{"number": 1}', 'a chat call is under way');
select is(pg_temp.embeds('one'), '{"number": 2}', 'an embedding call is a turn of its own');
select is(pg_temp.embeds('two'), '{"number": 3}', 'a second embedding call runs beside the first');
select is(pg_temp.embeds('one'), '{"number": 2}', 'the same embedding call keeps its number');
select is(tests.turns(tests.get('run')), 'asked asked asked', 'open calls are not closed for an embedding');
select matches(tests.caps(tests.get('run')), 'run 0\+4475/', 'reserved are 1475 for the chat and 1500 for each embedding');
select is(tests.model_answers(tests.get('run'), 2, '[]', '{"answer": {"space": "p/m"}, "usage": {"input_tokens": 8}}'), '{"calls": []}', 'an embedding ends like a chat call');
select tests.model_answers(tests.get('run'), 3, '[]', '{"error": {"code": "model_timeout"}, "charged": "unknown"}');
select matches(tests.caps(tests.get('run')), 'run 1508\+1475/', 'an embedding is settled: 8 for the first, 1500 for the second, whose end is unknown');
select results_eq('select number, input_tokens, cost_microusd, is_estimate from goalpost.usage_events where run_id = tests.get(''run'') and step_key = ''a'' order by 1',
  'values (2, 8::bigint, 8::bigint, false), (3, 1200, 1500, true)', 'each embedding has its row of usage');
select is(pg_temp.embeds('three', '{"max_input_tokens": 2000}') #>> '{refused,code}', 'budget_exhausted', 'an embedding without room is refused');
select is(tests.state(tests.get('run'), 'a') || (select count(*) from goalpost.approvals where run_id = tests.get('run') and step_key = 'a'), 'running0', 'the step of a refused embedding neither waits nor causes an approval');
select is(jsonb_path_query_array(goalpost_worker.read_journal(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch), '$.turns[*].number'), '[1]', 'the journal has the chat alone');
select goalpost_worker.begin_turn(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, tests.ask_of('r', '{"provider": "p", "max_input_tokens": 10}'));
select is((select string_agg(state, ' ' order by number) from goalpost.step_turns where run_id = tests.get('run') and step_key = 'a'), 'unknown answered unknown asked', 'the next chat call closes the previous chat call, across embeddings');
select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
