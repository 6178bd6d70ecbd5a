begin;
select plan(3);
select tests.world();

select tests.set('run', tests.ask());
update goalpost.requests set context = '{"weeks": 4}' where id = (tests.request_of(tests.get('run'))).id;
select is(
  tests.message(tests.get('run'), 'assess', '{"decision": "goal", "goal": {"title": "t", "description": "d", "parameters": [1]}}'),
  'the parameters of a goal are an object', 'parameters that are a list are refused');
select tests.do_complete(
  tests.get('run'), 'assess',
  '{"decision": "goal", "goal": {"title": "t", "description": "d", "parameters": {"weeks": 2, "region": "north"}}}');
select is(
  (select g.context from goalpost.goals g where g.request_id = (tests.request_of(tests.get('run'))).id),
  '{"weeks": 4, "region": "north"}', 'the request''s context overrides the assessment''s parameters, and new ones are added');

select tests.set('other', tests.ask());
select tests.do_complete(
  tests.get('other'), 'assess', '{"decision": "goal", "goal": {"title": "t", "description": "d", "parameters": null}}');
select is(
  (select g.context from goalpost.goals g where g.request_id = (tests.request_of(tests.get('other'))).id),
  '{}', 'an assessment without parameters leaves the context of the request');

select * from finish();
rollback;
