-- A request takes a budget in all three ways in; a value that is no budget is refused with a sentence.
begin;
select plan(19);
select tests.world();

select tests.value_for('mia', format('select goalpost.accept_request(%L, ''one'', p_budget => ''{"max_microusd": 5}'')', tests.id_of('acme')));
select is((select budget from goalpost.requests where question = 'one'), '{"max_microusd": 5}', 'accept_request stores the budget of its request');
select tests.value_for('mia', format('select goalpost.accept_requests(%L, ''[{"question": "two", "budget": {"on_exhausted": "ask"}}, {"question": "three"}]'')', tests.id_of('acme')));
select is((select budget from goalpost.requests where question = 'two'), '{"on_exhausted": "ask"}', 'accept_requests stores the budget of each request');
select is((select budget from goalpost.requests where question = 'three'), '{}', 'a request without a budget has an empty one');
select tests.value_for('mia', format('insert into goalpost.requests (workspace_id, question, budget) values (%L, ''direct'', ''{"max_tokens": 9}'')', tests.id_of('acme')));
select is((select budget from goalpost.requests where question = 'direct'), '{"max_tokens": 9}', 'a request inserted directly stores its budget');
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''q'', p_budget => %L)', tests.id_of('acme'), b)), 'ZG003', 'refused as a budget: ' || b)
  from unnest(array['[]', '7', '"x"', '{"max": 1}', '{"max_microusd": -1}', '{"max_microusd": 1.5}', '{"max_microusd": "5"}', '{"max_microusd": 1e13}', '{"max_tokens": null}', '{"on_exhausted": "odd"}', '{"approve_plan": 1}']) b;
select is(tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''q'', p_budget => %L)', tests.id_of('acme'), b)), 'none', 'accepted as a budget: ' || b)
  from unnest(array['{}', '{"max_microusd": 0, "max_tokens": 0}', '{"max_microusd": 1000000000000}', '{"approve_plan": true, "on_exhausted": "fail"}']) b;

select * from finish();
rollback;
