-- People read the values that will be used, not the plan's paths.
begin;
select plan(11);
select tests.world();

create function pg_temp.filled(p_text text) returns text language sql as $$
  select goalpost_private.fill_in(p_text, '{"steps": {"draft": {"text": "Dear {{ steps.list.rows[0].name }}"}, "list": {"rows": [{"name": "Mia", "n": 3}], "none": null}}}') $$;
select is(pg_temp.filled('Send "{{ steps.draft.text }}"?'), 'Send "Dear {{ steps.list.rows[0].name }}"?', 'a text is filled in as it is, once');
select is(pg_temp.filled('{{steps.list.rows[0].name}} has {{- steps.list.rows.0.n -}}.'), 'Mia has 3.', 'list indexes and trimming marks are read in a path');
select is(pg_temp.filled('{{ steps.list.rows }}'), '[{"n": 3, "name": "Mia"}]', 'any other value is JSON');
select is(pg_temp.filled('{{ steps.list.none }}'), 'null', 'a null is filled in as null');
select is(pg_temp.filled('{{ steps.gone.text }}'), '(steps.gone.text is not there)', 'a path that leads nowhere is named');
select is(pg_temp.filled('no path }} {{ no end'), 'no path }} {{ no end', 'braces without a path stay');
select is(pg_temp.filled('a }} b'), 'a }} b', 'an end without a beginning stays');
select is(pg_temp.filled(null), null, 'a null text stays null');

select tests.set('run', tests.planned('a, ask:a, part:a', jsonb_build_object(
  'ask', tests.approval() || '{"input": {"question": "Post {{ steps.a.text }} for {{ goal.title }}?"}}',
  'part', tests.subgoal() || '{"input": {"title": "Sell {{ steps.a.text }}", "description": "All about {{ steps.a.text }}"}}')));
select tests.do_complete(tests.get('run'), 'a', '{"text": "lamps"}');
select is((tests.approval_of(tests.get('run'), 'ask')).question, format('Post lamps for %s?', (tests.goal_of(tests.get('run'))).title), 'the question of an approval is filled in');
select is((tests.goal_of(tests.run_below(tests.get('run'), 'part'))).title, 'Sell lamps', 'a sub-goal has the filled-in title');
select is((tests.goal_of(tests.run_below(tests.get('run'), 'part'))).description, 'All about lamps', 'a sub-goal has the filled-in description');

select * from finish();
rollback;
