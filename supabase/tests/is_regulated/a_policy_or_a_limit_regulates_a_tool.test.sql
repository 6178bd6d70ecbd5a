-- A tool is regulated where a policy of the workspace denies it or requires approval, or where it has a limit.
begin;
select plan(4);
select tests.world();
select tests.tools();
create function pg_temp.regulated() returns text[] language sql as $$
  select array_remove(array[case when goalpost_private.is_regulated(tests.id_of('acme'), 'look') then 'look' end,
                            case when goalpost_private.is_regulated(tests.id_of('acme'), 'send') then 'send' end], null) $$;
select is(pg_temp.regulated(), '{}', 'without policies and limits no tool is regulated');
insert into goalpost.tool_policies (workspace_id, name, tool, effect) values (tests.id_of('elsewhere'), 'theirs', 'look', 'deny');
select is(pg_temp.regulated(), '{}', 'a policy of another workspace regulates nothing here');
insert into goalpost.tool_policies (workspace_id, name, tool, effect) values (tests.id_of('acme'), 'free', 'look', 'allow');
select is(pg_temp.regulated(), '{}', 'an allowing policy does not regulate a tool');
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''send'', 1)', tests.id_of('acme')));
insert into goalpost.tool_policies (workspace_id, name, tool, effect) values (tests.id_of('acme'), 'ours', 'lo*', 'needs_approval');
select is(pg_temp.regulated(), array['look', 'send'], 'a policy by pattern and a limit by name both regulate');

select * from finish();
rollback;
