-- Conditions of rules: numbers are compared by value, everything else as text; a null has no order.
begin;
select * from no_plan();
select is(goalpost_private.compare_values(l::jsonb, r::jsonb), e, format('%s against %s', l, r))
  from (values ('1', '1.0', 0), ('2', '10', -1), ('"2"', '10', -1), ('10', '"2"', 1), ('"2"', '"10"', 1), ('"a"', '"b"', -1), ('"b"', '"a"', 1), ('"a"', '"a"', 0), ('"B"', '"a"', -1), ('true', '"true"', 0),
    ('"2030-01-02"', '"2030-01-10"', -1), ('"x"', '1', null), ('-1.5', '-1', -1), ('"1e5"', '1', null), ('null', '1', null), ('1', 'null', null), ('{"a": 1}', '{"a": 1}', 0)) c (l, r, e);
select is(goalpost_private.meets_condition(c::jsonb, n::jsonb, o::jsonb), e, format('%s for %s after %s', c, n, o))
  from (values
    ('{"column": "a", "operator": "=", "value": 1}', '{"a": 1}', null, true), ('{"column": "a", "operator": "=", "value": 1}', '{"a": 2}', null, false), ('{"column": "a", "operator": "=", "value": 1}', '{"a": null}', null, false),
    ('{"column": "a", "operator": "<>", "value": 1}', '{"a": 2}', null, true), ('{"column": "a", "operator": "<>", "value": 1}', '{"a": 1}', null, false), ('{"column": "a", "operator": "<>", "value": 1}', '{"a": null}', null, true),
    ('{"column": "a", "operator": "<", "value": 1}', '{"a": 0}', null, true), ('{"column": "a", "operator": "<", "value": 1}', '{"a": 1}', null, false), ('{"column": "a", "operator": "<=", "value": 1}', '{"a": 1}', null, true), ('{"column": "a", "operator": "<=", "value": 1}', '{"a": 2}', null, false),
    ('{"column": "a", "operator": ">", "value": 1}', '{"a": 2}', null, true), ('{"column": "a", "operator": ">", "value": 1}', '{"a": 1}', null, false), ('{"column": "a", "operator": ">=", "value": 1}', '{"a": 1}', null, true), ('{"column": "a", "operator": ">=", "value": 1}', '{"a": 0}', null, false), ('{"column": "a", "operator": ">", "value": 1}', '{"a": null}', null, false),
    ('{"column": "a", "operator": "in", "value": ["x", "y"]}', '{"a": "y"}', null, true), ('{"column": "a", "operator": "in", "value": ["x", "y"]}', '{"a": "z"}', null, false),
    ('{"column": "a", "operator": "contains", "value": "b"}', '{"a": "abc"}', null, true), ('{"column": "a", "operator": "contains", "value": "d"}', '{"a": "abc"}', null, false), ('{"column": "a", "operator": "contains", "value": "%"}', '{"a": "abc"}', null, false),
    ('{"column": "a", "operator": "is null"}', '{"a": null}', null, true), ('{"column": "a", "operator": "is null"}', '{"a": 1}', null, false), ('{"column": "a", "operator": "is not null"}', '{"a": 1}', null, true), ('{"column": "a", "operator": "is not null"}', '{"a": null}', null, false),
    ('{"column": "a", "operator": "changed"}', '{"a": 1}', '{"a": 2}', true), ('{"column": "a", "operator": "changed"}', '{"a": 1}', '{"a": 1}', false), ('{"column": "a", "operator": "changed"}', '{"a": null}', '{"a": 1}', true), ('{"column": "a", "operator": "changed"}', '{"a": 1}', null, false), ('{"column": "a", "operator": "changed"}', null, '{"a": 1}', false),
    ('{"column": "a", "operator": "=", "value": 1}', null, '{"a": 1}', true), ('{"column": "a", "operator": "=", "value": 2}', '{"a": 1}', '{"a": 2}', false), ('{"column": "a", "operator": "odd"}', '{"a": 1}', null, false)) c (c, n, o, e);
select is(goalpost_private.meets_conditions('[{"column": "a", "operator": "=", "value": 1}, {"column": "b", "operator": "=", "value": 2}]', n::jsonb, null), e, 'all conditions hold: ' || n)
  from (values ('{"a": 1, "b": 2}', true), ('{"a": 1, "b": 1}', false), ('{"a": 2, "b": 2}', false)) c (n, e);
select is(goalpost_private.meets_conditions('[]', '{}', null), true, 'no condition is met by every change');
select * from finish();
rollback;
