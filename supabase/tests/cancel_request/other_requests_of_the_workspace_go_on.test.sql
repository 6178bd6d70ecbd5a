begin;
select plan(6);
select tests.world();

select tests.set('first', tests.planned('a, sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('second', tests.planned('a, sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('third', tests.ask());
select tests.value_for('mia', format('select goalpost.cancel_request(%s)', (tests.request_of(tests.get('second'))).id));
select is(tests.run_state(tests.get('second')) || ' ' || tests.run_state(tests.run_below(tests.get('second'), 'sub')), 'cancelled cancelled', 'the run of a cancelled request ends with its sub-goal''s');
select is(tests.run_state(tests.get('first')) || ' ' || tests.run_state(tests.run_below(tests.get('first'), 'sub')), 'running running', 'an older run of the workspace goes on with its sub-goal''s');
select is(tests.run_state(tests.get('third')), 'running', 'a younger run of the workspace goes on');
select is((tests.request_of(tests.get('first'))).state || ' ' || (tests.request_of(tests.get('third'))).state, 'accepted accepted', 'both other requests stay accepted');

-- Two requests that are only submitted.
insert into goalpost.requests (workspace_id, user_id, question) values (tests.id_of('acme'), tests.id_of('mia'), 'one'), (tests.id_of('acme'), tests.id_of('mia'), 'two');
select tests.value_for('mia', format('select goalpost.cancel_request(%s)', (select id from goalpost.requests where question = 'two')));
select is((select state from goalpost.requests where question = 'two'), 'cancelled', 'a request that was only submitted is cancelled');
select is((select state from goalpost.requests where question = 'one'), 'submitted', 'another submitted request stays submitted');

select * from finish();
rollback;
