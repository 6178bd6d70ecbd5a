-- A draft is started by its author alone, by name, and is never matched; an admin may activate it.
begin;
select plan(12);
select tests.world();

select tests.person('max');
insert into goalpost.members (workspace_id, user_id, role) values (tests.id_of('acme'), tests.id_of('max'), 'member');
create function pg_temp.book(p_title text default 'Groom a zebra') returns jsonb language sql as $$
  select jsonb_build_object('name', 'zebra', 'title', p_title, 'description', 'Zebras are groomed', 'plan', jsonb_build_object('steps', tests.steps('a'))) $$;
create function pg_temp.apply(p_person text, p_state text, p_title text default 'Groom a zebra') returns text language sql as $$
  select r ->> 'version' || ' ' || (r ->> 'state') || ' ' || (r ->> 'changed') from tests.json_for(p_person, format('select goalpost.apply_runbook(%L, %L, %L)', tests.id_of('acme'), pg_temp.book(p_title), p_state)) r $$;
create function pg_temp.start(p_person text) returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.accept_request(%L, ''go'', p_runbook => ''zebra'')', tests.id_of('acme'))) $$;

select is(pg_temp.apply('mia', 'draft'), '1 draft true', 'a member adds a draft');
select is(pg_temp.apply('mia', 'draft'), '1 draft false', 'an equal draft adds no version');
select is(pg_temp.start('mia'), 'none', 'its author starts the draft by name');
select is(pg_temp.start('max'), 'ZG003', 'another member cannot start the draft');
select is_empty(format('select from goalpost_private.match_runbooks(''groom my zebra'', %L, %L) where name = ''zebra''', tests.id_of('acme'), tests.id_of('mia')), 'a draft is not matched');
select is(pg_temp.apply('max', 'draft'), '2 draft true', 'an equal draft of another member is a version of theirs');
select is(pg_temp.apply('adam', 'active', 'Groom zebras'), '3 active true', 'an admin adds an active version');
select is(pg_temp.start('max'), 'none', 'every member starts the active version');
select is((select (goalpost_private.find_runbook(tests.id_of('acme'), tests.id_of('mia'), 'zebra')).runbook.version), 3, 'the active version comes before one''s own draft');
select is(pg_temp.apply('adam', 'active'), '2 active true', 'an admin activates a draft by applying its content');
select is((select string_agg(version || ' ' || state, ', ' order by version) from goalpost.runbooks where name = 'zebra'), '1 draft, 2 active, 3 retired', 'the activated draft retires the version before it');

update goalpost.runbooks set state = 'retired' where name = 'zebra';
select is(pg_temp.start('mia'), 'ZG003', 'a retired draft is not started by its author either');

select * from finish();
rollback;
