-- The step of a reading tool has no journal after a failed attempt either.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent())));
select tests.set('claimed', tests.claim('agent tool')::text);
select is_empty($$ select from jsonb_array_elements(tests.kept('claimed')::jsonb) c where c #> '{context,journaled}' is not null $$, 'first claims are not marked as journaled');
select tests.fail(tests.get('run'), k, '{"code": "odd", "message": "m", "retryable": true}') from unnest(array['a', 'b']) k;
select tests.advance_clock('1 hour');
select tests.set('claimed', tests.claim('agent tool')::text);
select is((select string_agg(c ->> 'step_key', ' ') from jsonb_array_elements(tests.kept('claimed')::jsonb) c where c #> '{context,journaled}' = 'true'), 'a', 'only an agent''s step is journaled after a failed attempt');
select tests.bare_call(tests.get('run'), 'b');
select tests.finish(tests.get('run'), 'b', 'released');
select is((tests.claim('tool') -> 0) #> '{context,journaled}', 'true', 'a tool''s step with a call is journaled');
select tests.set('other', tests.agent_at_work());
select tests.bare_turn(tests.get('other'), 'a');
select tests.finish(tests.get('other'), 'a', 'released');
select is((tests.claim('agent') -> 0) #> '{context,journaled}', 'true', 'a released agent''s step with a turn is journaled');

select * from finish();
rollback;
