-- Only where somebody has said something of them; without it, nothing is told.
begin;
select plan(3);
select tests.world();
select tests.tools();
create function pg_temp.told() returns jsonb language sql as $$
  select goalpost_private.context_of_rules(tests.id_of('acme'), array['look', 'send']) $$;
select is(pg_temp.told(), '{}', 'nothing');
insert into goalpost.tool_policies (workspace_id, name, tool, effect) values (tests.id_of('elsewhere'), 'theirs', 'look', 'deny');
select is(pg_temp.told(), '{}', 'nothing of what others say');
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''send'', 1)', tests.id_of('acme')));
insert into goalpost.tool_policies (workspace_id, name, tool, effect) values (tests.id_of('acme'), 'ours', 'lo*', 'needs_approval');
select is(pg_temp.told(), '{"regulated": ["look", "send"]}', 'a policy, and a limit');

select * from finish();
rollback;
