-- A request that an operator imports as ended needs no intake.
begin;
select plan(1);
select tests.world();

insert into goalpost.requests (workspace_id, user_id, question, state, ended_at) values (tests.id_of('acme'), tests.id_of('mia'), 'old', 'answered', now());
select is(tests.wake_count('intake'), 0::bigint, 'a request inserted as answered sends no wake');

select * from finish();
rollback;
