-- A repeated call, and a step that is claimed again within its attempt, recall the same memories, whatever was
-- remembered since. The next attempt recalls anew.
begin;
select plan(3);
select tests.world();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

select tests.memory('first invoice');
select is(tests.recalled(tests.get('run'), 'a', 'invoice'), array['first invoice'], 'the first call recalls the matching memory');
select tests.memory('second invoice');
select is(tests.recalled(tests.get('run'), 'a', 'something else'), array['first invoice'], 'a repeated call recalls the same memory');
select tests.finish(tests.get('run'), 'a', 'failed', '{"error": {"code": "x", "message": "m", "retryable": true}}');
select tests.advance_clock('1 hour');
select tests.start(tests.get('run'), 'a');
select is(cardinality(tests.recalled(tests.get('run'), 'a', 'invoice')), 2, 'the next attempt recalls newer memories too');

select * from finish();
rollback;
