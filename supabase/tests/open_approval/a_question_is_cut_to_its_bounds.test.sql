-- The text of a plan is shown to a person.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval(jsonb_build_object('question', repeat('x', 5000))))));
select is(length((tests.approval_of(tests.get('run'), 'ap')).question), 4000, 'a question is cut to its first 4000 characters');

select * from finish();
rollback;
