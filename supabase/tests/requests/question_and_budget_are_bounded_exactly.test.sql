begin;
select plan(7);
select tests.world();

create function pg_temp.insert_with(p_columns text, p_values text) returns text language sql as $$
  select tests.refusal_for('mia', format('insert into goalpost.requests (workspace_id, %s) values (%L, %s)', p_columns, tests.id_of('acme'), p_values)) $$;
select is(pg_temp.insert_with('question', quote_literal(repeat('q', 16000))), 'none', 'a question of 16000 characters is accepted');
select is(pg_temp.insert_with('question', quote_literal(repeat('q', 16001))), 'ZG003', 'a question of 16001 characters is refused');
select is(pg_temp.insert_with('question, budget', $$'q', '{"max_microusd": 7, "max_tokens": 0, "on_exhausted": "ask", "approve_plan": true}'$$), 'none', 'a budget of known fields is accepted');
select is(pg_temp.insert_with('question, budget', $$'q', '{"max_microusd": -1}'$$), 'ZG003', 'a negative budget is refused');
select is(pg_temp.insert_with('question, budget', $$'q', '{"max_dollars": 1}'$$), 'ZG003', 'a budget with an unknown field is refused');
select is(pg_temp.insert_with('question, budget', $$'q', '{"on_exhausted": "beg"}'$$), 'ZG003', 'a budget with an unknown on_exhausted is refused');
select is(pg_temp.insert_with('question, budget', $$'q', '{}'$$), 'none', 'an empty budget is accepted');

select * from finish();
rollback;
