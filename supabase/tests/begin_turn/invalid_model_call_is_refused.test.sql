-- Purpose, provider, model, hash and bounds of its tokens.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select is(tests.refusal(format('select goalpost_worker.begin_turn(%s, ''a'', 1, %L)', tests.get('run'), tests.ask_of('q', change::jsonb))), 'ZG003', 'a model call is refused with ' || left(change, 50))
  from unnest(array['{"purpose": "play"}', '{"purpose": null}', '{"provider": ""}', format('{"model": "%s"}', repeat('m', 201)), '{"request_hash": "x"}',
                    '{"max_input_tokens": -1}', '{"max_input_tokens": 1e10}', '{"max_output_tokens": 0}', '{"max_output_tokens": 1e10}',
                    '{"max_output_tokens": "50"}', '{"max_input_tokens": null}']) change;
select is(tests.refusal(format('select goalpost_worker.begin_turn(%s, ''a'', 1, null)', tests.get('run'))), 'ZG003', 'a model call that is null is refused');

select * from finish();
rollback;
