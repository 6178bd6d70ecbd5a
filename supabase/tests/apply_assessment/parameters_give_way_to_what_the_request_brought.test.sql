begin;
select plan(3);
select tests.world();

select tests.keep('run', tests.ask());
update goalpost.requests set context = '{"weeks": 4}' where id = (tests.request_of(tests.the('run'))).id;
select is(
  tests.message(tests.the('run'), 'assess', '{"decision": "goal", "goal": {"title": "t", "description": "d", "parameters": [1]}}'),
  'the parameters of a goal are an object', 'parameters that are a list are refused');
select tests.do_complete(
  tests.the('run'), 'assess',
  '{"decision": "goal", "goal": {"title": "t", "description": "d", "parameters": {"weeks": 2, "region": "north"}}}');
select is(
  (select g.context from goalpost.goals g where g.request_id = (tests.request_of(tests.the('run'))).id),
  '{"weeks": 4, "region": "north"}', 'a parameter of the request stands, and one that the assessment adds is kept');

select tests.keep('other', tests.ask());
select tests.do_complete(
  tests.the('other'), 'assess', '{"decision": "goal", "goal": {"title": "t", "description": "d", "parameters": null}}');
select is(
  (select g.context from goalpost.goals g where g.request_id = (tests.request_of(tests.the('other'))).id),
  '{}', 'an assessment without parameters leaves the request''s');

select * from finish();
rollback;
