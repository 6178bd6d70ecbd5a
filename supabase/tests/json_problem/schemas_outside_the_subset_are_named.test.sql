-- A keyword that SQL cannot check, or with an invalid value, is named; annotations pass.
begin;
select * from no_plan();

create temp table tried (schema jsonb, problem text);
insert into tried values
  ('{}', null), ('{"type": ["string", "null"], "title": "t", "format": "date", "default": 7, "$comment": "c"}', null),
  ('{"type": "object", "properties": {"a": {"enum": [1], "const": 1}}, "required": ["a"], "additionalProperties": false}', null),
  ('{"items": {"minLength": 0, "maxLength": 5.0, "minimum": -1.5, "maximum": 2}, "minItems": 1, "maxItems": 2}', null),
  ('7', 'it holds a schema that is not a JSON object'), ('null', 'it holds a schema that is not a JSON object'),
  ('{"properties": {"a": true}}', 'it holds a schema that is not a JSON object'), ('{"items": []}', 'it holds a schema that is not a JSON object'),
  ('{"properties": []}', 'it has a value of properties that it cannot have'), ('{"type": "text"}', 'it has a value of type that it cannot have'),
  ('{"type": [7]}', 'it has a value of type that it cannot have'), ('{"type": {}}', 'it has a value of type that it cannot have'),
  ('{"enum": 7}', 'it has a value of enum that it cannot have'), ('{"required": "a"}', 'it has a value of required that it cannot have'),
  ('{"required": [["a"]]}', 'it has a value of required that it cannot have'), ('{"additionalProperties": {}}', 'it has a value of additionalProperties that it cannot have'),
  ('{"minimum": "1"}', 'it has a value of minimum that it cannot have'), ('{"maxLength": -1}', 'it has a value of maxLength that it cannot have'),
  ('{"minItems": 1.5}', 'it has a value of minItems that it cannot have'), ('{"maxItems": true}', 'it has a value of maxItems that it cannot have'),
  ('{"$ref": "#"}', 'it uses $ref, which is not checked here; use type, enum, const, required, properties, items and bounds'),
  ('{"properties": {"a": {"items": {"anyOf": []}}}}', 'it uses anyOf, which is not checked here; use type, enum, const, required, properties, items and bounds'),
  (jsonb_build_object('title', repeat('x', 33000)), 'it has more than 32768 bytes'),
  ((repeat('{"items": ', 17) || '{}' || repeat('}', 17))::jsonb, 'it is nested more than 16 levels deep'),
  ((repeat('{"items": ', 16) || '{}' || repeat('}', 16))::jsonb, null);
select is(goalpost_private.json_schema_problem(schema, 'it'), problem, left(format('the schema %s', schema), 200)) from tried;
select is(goalpost_private.json_schema_problem(null, 'it'), 'it holds a schema that is not a JSON object', 'an absent schema is refused');

select * from finish();
rollback;
