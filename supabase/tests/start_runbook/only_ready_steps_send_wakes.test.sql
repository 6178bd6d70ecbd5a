begin;
select plan(2);
select tests.world();

insert into goalpost_private.endpoints (function, url, batch_size, max_wakes) values ('executor', 'http://localhost:1', 1, 8);
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values
  (tests.id_of('acme'), 'chain', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a, b:a, c:b, d')));
select tests.speak_as('mia');
select goalpost.accept_request(tests.id_of('acme'), 'do it', p_runbook => 'chain');
select is((select count(*) from goalpost.steps s where s.workspace_id = tests.id_of('acme') and s.state = 'ready'), 2::bigint, 'two steps of the plan are ready at once');
select is(tests.wake_count('executor'), 2::bigint, 'each ready step sends a wake, and pending ones do not');

select * from finish();
rollback;
