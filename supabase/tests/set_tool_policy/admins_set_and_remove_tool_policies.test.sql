-- Policies are added, changed and removed by name; an invalid policy, or one with the name of a built-in rule, is
-- refused.
begin;
select plan(30);
select tests.world();

create function pg_temp.set_as(p_name text, p_rest text) returns text language sql as $$ select tests.refusal_for(p_name, format('select goalpost.set_tool_policy(%L, %s)', tests.id_of('acme'), p_rest)) $$;
select is(pg_temp.set_as('petra', '''own'', ''sql'', ''deny'''), 'ZG002', 'an approver may not set a policy');
select is(pg_temp.set_as('sam', '''own'', ''sql'', ''deny'''), 'ZG001', 'a stranger cannot see the workspace of a policy');
select is(pg_temp.set_as('adam', r), 'ZG003', 'refused as a policy: ' || r) from unnest(array[''''', ''sql'', ''deny''', 'null, ''sql'', ''deny''', '''own'', '''', ''deny''', '''own'', ''sql'', ''maybe''', '''own'', ''sql'', null', '''default'', ''sql'', ''allow''']) r;
-- Calls are distinguished by the rule that decided them.
select is(pg_temp.set_as('adam', format('%L, ''sql'', ''allow''', r)), 'ZG003', format('refused as the name of the built-in rule %s', r))
  from unnest(array['taint', ' taint ', 'none', 'control', 'invalid_write', 'repeats', 'tool_approval', 'approved_before', 'mcp_tool_not_approved',
                    'unknown_tool', 'not_listed', 'loop', 'max_calls_per_step', 'max_argument_bytes']) r;
select is(pg_temp.set_as('adam', '''own'', ''sql'', ''deny'''), 'none', 'an admin adds a policy');
select is(pg_temp.set_as('adam', '''own'', ''s*'', ''allow'', ''analyst'', true, 3'), 'none', 'an admin changes a policy by its name');
select results_eq('select tool, effect, agent, even_if_tainted, position from goalpost.tool_policies', $$ values ('s*', 'allow', 'analyst', true, 3) $$, 'the policy has its changed values');
select is(tests.value_for('vera', 'select count(*) from goalpost.tool_policies'), '1', 'a member sees the policies of the workspace');
select is(tests.value_for('sam', 'select count(*) from goalpost.tool_policies'), '0', 'a stranger sees no policies');
select is(tests.value_for('adam', format('select goalpost.remove_tool_policy(%L, ''own'')', tests.id_of('acme'))), 'true', 'an admin removes a policy');
select is(tests.value_for('adam', format('select goalpost.remove_tool_policy(%L, ''own'')', tests.id_of('acme'))), 'false', 'removing a policy that does not exist returns false');
select is_empty('select from goalpost.tool_policies', 'no policy is left after the removal');

select * from finish();
rollback;
