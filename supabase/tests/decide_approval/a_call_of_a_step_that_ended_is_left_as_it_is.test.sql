-- Nothing in the engine leaves a question open whose step has ended; should something ever, deciding moves no call.
begin;
select plan(2);
select tests.world();

select tests.keep('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.the('run'), 'a');
select tests.keep('approval', tests.asks(tests.the('run'), 'a'));
update goalpost.steps set state = 'failed', ended_at = goalpost_private.clock(), lease_expires_at = null where run_id = tests.the('run') and key = 'a';
select is(tests.decide('petra', tests.the('approval'), 'approved') ->> 'state', 'approved', 'it is decided');
select is((tests.the_call(tests.the('run'), 'a')).state, 'waiting', 'the call stays as it was');

select * from finish();
rollback;
