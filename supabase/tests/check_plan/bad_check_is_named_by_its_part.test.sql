-- The message of a check that has none of the shapes names the part to change.
begin;
select * from no_plan();
select tests.world(p_bystanders => false);

select is(goalpost_private.criterion_check_problem(c.checked), c.message, format('the problem of %s', c.checked))
  from (values
    ('{}'::jsonb, 'check needs exactly one of sql, matches, schema, number, person'),
    ('{"sql": null}', 'check needs exactly one of sql, matches, schema, number, person'),
    ('{"regex": "a"}', 'check.regex is no kind of check; there are sql, matches, schema, number, person'),
    ('{"sql": 7}', 'check.sql must be of the type object'),
    ('{"matches": {"value": "a"}}', 'check.matches needs pattern'),
    ('{"number": {"value": 1}}', 'check.number: it needs either equals, or at_least, at_most or both'),
    ('{"number": {"value": 1, "at_most": 2, "tolerance": 1}}', 'check.number: tolerance goes with equals'),
    ('{"person": {"question": "q", "role": "admin"}}', 'check.person has no role'),
    ('{"person": "q"}', null)
  ) c (checked, message);

select * from finish();
rollback;
