-- The engine leaves no approval open whose step has ended. If one ever were, a decision would not move its call.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('approval', tests.asks(tests.get('run'), 'a'));
update goalpost.steps set state = 'failed', ended_at = goalpost_private.clock(), lease_expires_at = null where run_id = tests.get('run') and key = 'a';
select is(tests.decide('petra', tests.get('approval'), 'approved') ->> 'state', 'approved', 'the approval of an ended step can be decided');
select is((tests.the_call(tests.get('run'), 'a')).state, 'waiting', 'the call of an ended step stays as it was');

select * from finish();
rollback;
