begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a', '{}', '["plain", {"description": "checked", "check": "steps.a.result"}, {"description": "odd", "check": 5}, {"description": "empty", "check": ""},
  {"description": 7, "check": "steps.a.result"}, {"check": "steps.a.result"}, 8, {"description": "asked", "check": {"person": "Is it good?"}}]'));
select results_eq(format('select number, description, check_definition #>> ''{}'' from goalpost.goal_criteria where goal_id = %s order by number', (tests.goal_of(tests.get('run'))).id),
  $$ values (1, 'plain', null), (2, 'checked', 'steps.a.result'), (3, 'odd', null), (4, 'empty', null), (5, 'asked', '{"person": "Is it good?"}') $$,
  'a check that is neither a text nor an object, or an empty text, is ignored');

select tests.set('full', tests.planned('a', '{}', (select jsonb_agg('criterion ' || n) from generate_series(1, 51) n)));
select is((select max(c.description) filter (where c.number = 50) || ' of ' || count(*) from goalpost.goal_criteria c where c.goal_id = (tests.goal_of(tests.get('full'))).id),
          'criterion 50 of 50', 'fifty criteria are kept, and the fifty-first is not');

select * from finish();
rollback;
