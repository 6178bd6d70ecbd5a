-- The policies of a query see the claims that the person's own request would have shown them.
begin;
select plan(13);
select tests.world();

create table public.invoices (tenant text, aal text);
alter table public.invoices enable row level security;
create policy own on public.invoices for select to authenticated
  using (tenant = (select auth.jwt() -> 'app_metadata' ->> 'tenant') and (select current_user) = 'authenticated'
         and aal = (select auth.jwt() ->> 'aal'));
create policy not_suspended on public.invoices as restrictive for select to authenticated
  using ((select auth.jwt() -> 'app_metadata' ->> 'suspended') is null);
grant select on public.invoices to authenticated;
insert into public.invoices values ('t1', 'aal2'), ('t2', 'aal2'), ('t1', 'aal1');
update auth.users set raw_app_meta_data = '{"tenant": "t1"}' where id = tests.id_of('mia');

-- A request that mia's own insert makes, with these claims.
create function pg_temp.ask(p_claims jsonb) returns void language plpgsql as $$
begin
  perform set_config('request.jwt.claims', coalesce(p_claims::text, ''), true);
  insert into goalpost.requests (workspace_id, user_id, question) values (tests.id_of('acme'), tests.id_of('mia'), 'how much?');
  perform set_config('request.jwt.claims', '', true);
  perform goalpost_private.adopt_requests(10, goalpost_private.clock());
  perform tests.set('run', (select max(r.id) from goalpost.workflow_runs r));
  perform tests.start(tests.get('run'), 'assess');
end
$$;
create function pg_temp.seen() returns text language sql as $$
  select coalesce(q ->> 'message', (select string_agg((r ->> 'tenant') || (r ->> 'aal'), ',') from jsonb_array_elements(q -> 'rows') r), 'none')
    from tests.query(tests.get('run'), 'assess', 'select * from public.invoices order by 1, 2') q $$;

select pg_temp.ask(jsonb_build_object('sub', tests.id_of('mia'), 'role', 'authenticated', 'aal', 'aal2', 'app_metadata', '{"tenant": "t1"}'::jsonb));
select is((select k.claims -> 'app_metadata' from goalpost_private.request_claims k join goalpost.workflow_runs r using (request_id) where r.id = tests.get('run')),
  '{}', 'app_metadata that the account has too is not kept with the request');
select is(pg_temp.seen(), 't1aal2', 'a policy on app_metadata and aal gives the rows of the token');
update auth.users set raw_app_meta_data = '{"tenant": "t2"}' where id = tests.id_of('mia');
select is(pg_temp.seen(), 't2aal2', 'app_metadata is read anew at each use');
update auth.users set raw_app_meta_data = '{"tenant": "t1", "suspended": "yes"}' where id = tests.id_of('mia');
select is(pg_temp.seen(), 'none', 'a restrictive policy closes for a person suspended meanwhile');
update auth.users set raw_app_meta_data = '{}' where id = tests.id_of('mia');
select is(pg_temp.seen(), 'none', 'app_metadata that the account lost is lost');
select pg_temp.ask(jsonb_build_object('sub', tests.id_of('mia'), 'role', 'authenticated', 'aal', 'aal2', 'app_metadata', '{"tenant": "t2"}'::jsonb));
select is(pg_temp.seen(), 't2aal2', 'app_metadata that a token hook added is kept with the request');

update auth.users set raw_app_meta_data = '{"tenant": "t1"}', banned_until = goalpost_private.clock() + interval '1 hour' where id = tests.id_of('mia');
select is(pg_temp.seen(), 'the account of the person who made the request is banned', 'a banned person reads nothing');
update auth.users set banned_until = goalpost_private.clock() - interval '1 hour' where id = tests.id_of('mia');
select is(pg_temp.seen(), 't1aal2', 'a ban that is over does not count');
delete from goalpost.members where user_id = tests.id_of('mia');
select is(pg_temp.seen(), 'the person who made the request is no longer a member of the workspace', 'a removed member reads nothing');
insert into goalpost.members (workspace_id, user_id, role) values (tests.id_of('acme'), tests.id_of('mia'), 'viewer');
select is(pg_temp.seen(), 'the person who made the request is no longer a member of the workspace', 'a member who became a viewer reads nothing');
update goalpost.members set role = 'member' where user_id = tests.id_of('mia');

select pg_temp.ask(null);
select is(pg_temp.seen(), 't1aal1', 'a request without a token has the claims of its owner''s account, at aal1');
select pg_temp.ask(jsonb_build_object('sub', tests.id_of('petra'), 'role', 'authenticated', 'aal', 'aal2'));
select is(pg_temp.seen(), 't1aal1', 'the token of another person gives a request nothing');
update auth.users set deleted_at = goalpost_private.clock() where id = tests.id_of('mia');
select is(pg_temp.seen(), 'the account of the person who made the request no longer exists', 'a deleted account reads nothing');

select * from finish();
rollback;
