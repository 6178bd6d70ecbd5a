-- The step that ends a run may be one that people or sub-goals complete: the run ends with it, and its result answers.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'ap', 'waiting', 'approval', '{"ends_run": true}');
select tests.bare_step(tests.get('run'), 'slow');
select goalpost_private.complete_step(tests.step(tests.get('run'), 'ap'), '{"text": "approved by petra"}', goalpost_private.clock());
select is(tests.run_state(tests.get('run')), 'completed', 'the run is completed with its approval');
select is((tests.request_of(tests.get('run'))).answer_text, 'approved by petra', 'the text of the result answers the request');
select is((tests.request_of(tests.get('run'))).answer, '{"text": "approved by petra"}', 'the request''s answer contains the result as data');
select is(tests.state(tests.get('run'), 'slow'), 'cancelled', 'an open step of the completed run is cancelled');

select * from finish();
rollback;
