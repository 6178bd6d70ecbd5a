-- An earlier version can be made active again; a retired name is neither matched nor started; built-in ones are refused.
begin;
select plan(11);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, version, title, description, goal_type, plan, state, created_by)
select tests.id_of('acme'), 'zebra', n, 'Groom a zebra', 'Zebras are groomed', 'g', jsonb_build_object('steps', tests.steps('a')), case n when 1 then 'retired' when 2 then 'active' else 'draft' end, tests.id_of('mia')
  from generate_series(1, 3) n;
create function pg_temp.set_state(p_person text, p_version integer, p_state text) returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.set_runbook_state(%s, %L)', (select id from goalpost.runbooks where name = 'zebra' and version = p_version), p_state)) $$;
create function pg_temp.states() returns text language sql as $$
  select string_agg(version || ' ' || state, ', ' order by version) from goalpost.runbooks where name = 'zebra' $$;

select is(pg_temp.set_state('mia', 1, 'active'), 'ZG002', 'a member cannot activate a version');
select is(pg_temp.set_state('mia', 2, 'retired'), 'ZG002', 'a member cannot retire the active version, though its author');
select is(pg_temp.set_state('mia', 3, 'active'), 'ZG002', 'an author cannot activate their own draft');
select is(pg_temp.set_state('petra', 3, 'retired'), 'ZG002', 'an approver cannot retire another''s draft');
select is(pg_temp.set_state('mia', 3, 'retired'), 'none', 'an author retires their own draft');
select is(pg_temp.set_state('adam', 1, 'active'), 'none', 'an admin activates an earlier version');
select is(pg_temp.states(), '1 active, 2 retired, 3 retired', 'the version before it is retired');
select is(pg_temp.set_state('adam', 1, 'draft'), 'ZG003', 'no version becomes a draft again');
select is(pg_temp.set_state('adam', 1, 'retired'), 'none', 'an admin retires the active version');
select is_empty(format('select from goalpost_private.match_runbooks(''groom my zebra'', %L, %L) where name = ''zebra''', tests.id_of('acme'), tests.id_of('mia')), 'a retired runbook is not matched');
select is(tests.refusal_for('adam', format('select goalpost.set_runbook_state(%s, ''retired'')', (select id from goalpost.runbooks where name = 'table-overview'))), 'ZG002', 'a built-in runbook is not retired by a workspace');

select * from finish();
rollback;
