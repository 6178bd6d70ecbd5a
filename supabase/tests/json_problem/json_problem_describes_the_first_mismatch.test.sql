-- Types, enumerations, bounds, required and additional properties are checked at all depths. Unknown keywords pass.
begin;
select * from no_plan();

create temp table tried (schema jsonb, value jsonb, problem text);
insert into tried values
  ('{}', '7', null), ('{"type": "string"}', '"x"', null), ('{"type": "string"}', '7', 'it must be of the type string'),
  ('{"type": "string"}', 'null', 'it must be of the type string'), ('{"type": ["string", "null"]}', 'null', null),
  ('{"type": "integer"}', '7', null), ('{"type": "integer"}', '7.5', 'it must be of the type integer'), ('{"type": "number"}', '7.5', null),
  ('{"type": "integer"}', '"7"', 'it must be of the type integer'), ('{"type": "boolean"}', 'false', null), ('{"type": "object"}', '[]', 'it must be of the type object'),
  ('{"enum": ["a", 1]}', '1', null), ('{"enum": ["a", 1]}', '"b"', 'it must be one of ["a", 1]'), ('{"enum": [{"a": 1, "b": 2}]}', '{"a": 1}', 'it must be one of [{"a": 1, "b": 2}]'),
  ('{"const": "a"}', '"b"', 'it must be one of "a"'), ('{"const": "a"}', '"a"', null),
  ('{"minLength": 1}', '""', 'it must keep minLength 1 and maxLength none'), ('{"maxLength": 2}', '"abc"', 'it must keep minLength none and maxLength 2'), ('{"maxLength": 3}', '"abc"', null),
  ('{"minimum": 1}', '0', 'it must keep minimum 1 and maximum none'), ('{"maximum": 1}', '1', null), ('{"maximum": 1}', '1.5', 'it must keep minimum none and maximum 1'), ('{"minimum": "x"}', '0', null),
  ('{"maxItems": 1}', '[1, 2]', 'it must keep minItems none and maxItems 1'), ('{"items": {"type": "integer"}}', '[1, "x"]', 'it[2] must be of the type integer'),
  ('{"required": ["a"]}', '{}', 'it needs a'), ('{"required": ["a"]}', '{"a": null}', null), ('{"required": ["a"]}', '7', null),
  ('{"properties": {"a": {"type": "string"}}}', '{"a": 1}', 'it.a must be of the type string'), ('{"properties": {"a": {}}}', '{"b": 1}', null),
  ('{"properties": {"a": {}}, "additionalProperties": false}', '{"b": 1}', 'it has no b'),
  ('{"properties": {"a": {"properties": {"b": {"items": {"enum": [1]}}}}}}', '{"a": {"b": [1, 2]}}', 'it.a.b[2] must be one of [1]'),
  ('{"pattern": "^x$", "format": "email"}', '"y"', null), ('7', '1', null),
  ('{"patternProperties": {"b": {}}, "additionalProperties": false}', '{"b": 1}', null),
  ('{"prefixItems": [{}], "items": {"type": "string"}}', '[1]', null),
  -- Keywords of the subset with values of other schemas, which Rust leaves to its server.
  ('{"type": "any"}', '7', null), ('{"type": ["string", "file"]}', '7', null), ('{"type": {}}', '7', null), ('{"type": []}', '7', 'it must be of the type []'),
  ('{"required": true}', '{}', null), ('{"required": [7]}', '{}', null), ('{"required": ["a", 7]}', '{}', null),
  ('{"properties": null, "additionalProperties": false}', '{"a": 1}', null), ('{"additionalProperties": false}', '{"a": 1}', 'it has no a');
select is(goalpost_private.json_problem(schema, value, 'it'), problem, format('%s against %s', value, schema)) from tried;

select * from finish();
rollback;
