-- A repeated call, and a step that is claimed again within its try, are told the same, whatever was remembered since.
-- A next try is told anew.
begin;
select plan(3);
select tests.world();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

select tests.memory('first invoice');
select is(tests.told(tests.get('run'), 'a', 'invoice'), array['first invoice'], 'told once');
select tests.memory('second invoice');
select is(tests.told(tests.get('run'), 'a', 'something else'), array['first invoice'], 'told again');
select tests.finish(tests.get('run'), 'a', 'failed', '{"error": {"code": "x", "message": "m", "retryable": true}}');
select tests.advance_clock('1 hour');
select tests.start(tests.get('run'), 'a');
select is(cardinality(tests.told(tests.get('run'), 'a', 'invoice')), 2, 'the next try is told what is known by then');

select * from finish();
rollback;
