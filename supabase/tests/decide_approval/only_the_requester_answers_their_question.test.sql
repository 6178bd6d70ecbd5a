-- An answer steers work that runs with the requester's rights.
begin;
select plan(6);
select tests.world();

insert into goalpost.members values (tests.id_of('acme'), tests.person('max'), 'member');
select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('question', tests.asks(tests.get('run'), 'a', 'question'));
select is(tests.decided(p, tests.get('question'), 'answered', '{"answer": "read everything"}'), 'ZG002', format('%s does not answer the requester''s question', p)) from unnest(array['max', 'petra', 'olga']) p;
select is(tests.value_for('max', 'select count(*) from goalpost.inbox'), '0', 'the question is not in the inbox of other members');
select is(tests.value_for('mia', 'select count(*) from goalpost.inbox'), '1', 'the question is in the inbox of the requester');
select is(tests.decide('mia', tests.get('question'), 'answered', '{"answer": "the first"}') ->> 'state', 'approved', 'the requester may answer the question');

select * from finish();
rollback;
