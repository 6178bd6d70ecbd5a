begin;
select plan(5);
select tests.world();

insert into goalpost.members (workspace_id, user_id, role) values (tests.id_of('elsewhere'), tests.id_of('mia'), 'member');
create function pg_temp.accepted(p_person text, p_workspace text) returns jsonb language sql as $$
  select tests.json_for(p_person, format('select goalpost.accept_request(%L, ''how?'', ''k'')', tests.id_of(p_workspace))) $$;
select is(pg_temp.accepted('mia', 'acme') ->> 'repeated', 'false', 'a key is new at first');
select is(pg_temp.accepted('mia', 'elsewhere') ->> 'repeated', 'false', 'a key is new in another workspace');
select is(pg_temp.accepted('olga', 'acme') ->> 'repeated', 'false', 'a key is another person''s own');
select is(pg_temp.accepted('mia', 'acme') ->> 'repeated', 'true', 'a key is known where it was used');
select is((select count(*) from goalpost.requests q where q.idempotency_key = 'k'), 3::bigint, 'three requests are made with one key');

select * from finish();
rollback;
