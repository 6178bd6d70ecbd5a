-- Made, changed and taken away by name; what is none, or has the name of a built-in rule, is refused.
begin;
select plan(30);
select tests.world();

create function pg_temp.set_as(p_name text, p_rest text) returns text language sql as $$ select tests.refusal_for(p_name, format('select goalpost.set_tool_policy(%L, %s)', tests.id_of('acme'), p_rest)) $$;
select is(pg_temp.set_as('petra', '''own'', ''sql'', ''deny'''), 'ZG002', 'an approver');
select is(pg_temp.set_as('sam', '''own'', ''sql'', ''deny'''), 'ZG001', 'a stranger');
select is(pg_temp.set_as('adam', r), 'ZG003', r) from unnest(array[''''', ''sql'', ''deny''', 'null, ''sql'', ''deny''', '''own'', '''', ''deny''', '''own'', ''sql'', ''maybe''', '''own'', ''sql'', null', '''default'', ''sql'', ''allow''']) r;
-- Calls are told apart by the rule that decided on them.
select is(pg_temp.set_as('adam', format('%L, ''sql'', ''allow''', r)), 'ZG003', format('the name of the built-in rule %s', r))
  from unnest(array['taint', ' taint ', 'none', 'control', 'invalid_write', 'repeats', 'tool_approval', 'approved_before', 'mcp_tool_not_approved',
                    'unknown_tool', 'not_listed', 'loop', 'max_calls_per_step', 'max_argument_bytes']) r;
select is(pg_temp.set_as('adam', '''own'', ''sql'', ''deny'''), 'none', 'one');
select is(pg_temp.set_as('adam', '''own'', ''s*'', ''allow'', ''analyst'', true, 3'), 'none', 'changed');
select results_eq('select tool, effect, agent, even_if_tainted, position from goalpost.tool_policies', $$ values ('s*', 'allow', 'analyst', true, 3) $$, 'as it is now');
select is(tests.value_for('vera', 'select count(*) from goalpost.tool_policies'), '1', 'members see it');
select is(tests.value_for('sam', 'select count(*) from goalpost.tool_policies'), '0', 'strangers do not');
select is(tests.value_for('adam', format('select goalpost.remove_tool_policy(%L, ''own'')', tests.id_of('acme'))), 'true', 'taken away');
select is(tests.value_for('adam', format('select goalpost.remove_tool_policy(%L, ''own'')', tests.id_of('acme'))), 'false', 'there is none any more');
select is_empty('select from goalpost.tool_policies', 'none');

select * from finish();
rollback;
