-- The named limits change, and the caps in use with them; an invalid limit, or one above the project's, is refused.
begin;
select * from no_plan();
select tests.world();

select tests.price();
select tests.person('oscar');
insert into goalpost.project_admins values (tests.id_of('oscar'));
insert into goalpost.members values (tests.id_of('acme'), tests.id_of('oscar'), 'admin');
create function pg_temp.set_as(p_name text, p_limits text) returns text language sql as $$ select tests.refusal_for(p_name, format('select goalpost.set_workspace_limits(%L, %L)', tests.id_of('acme'), p_limits)) $$;
create function pg_temp.acme() returns goalpost.workspaces language sql as $$ select w from goalpost.workspaces w where w.id = tests.id_of('acme') $$;
select tests.set('run', tests.working());
select tests.reserve(tests.get('run'), 'a');

select is(pg_temp.set_as('adam', '{"on_exhausted": "ask", "approve_plans": true}'), 'none', 'an admin sets on_exhausted and approve_plans');
select is((pg_temp.acme()).on_exhausted || ' ' || (pg_temp.acme()).approve_plans, 'ask true', 'on_exhausted and approve_plans are stored as set');
select is((pg_temp.acme()).goal_budget_microusd, 5000000::bigint, 'a limit that is not named keeps its value');
select is(pg_temp.set_as('adam', '{"workspace_month_microusd": 9000, "user_day_microusd": 0, "goal_budget_microusd": 1, "max_open_requests": 7}'), 'none', 'an admin sets caps and open requests');
select is(tests.caps(tests.get('run')), 'workspace_month 0+2700/9000, user_day 0+2700/2700, run 0+2700/5000000', 'caps in use move down to what is used; requests keep theirs');
select is((pg_temp.acme()).max_open_requests, 7, 'the cap of open requests is stored as set');
select is(pg_temp.set_as('adam', l), 'ZG003', 'refused as limits: ' || l) from unnest(array['[]', 'null', '{"name": "x"}', '{"readable_schemas": ["auth"]}', '{"webhook_hosts": ["x"]}',
  '{"max_open_requests": 0}', '{"goal_budget_microusd": -1}', '{"user_day_tokens": 1.5}', '{"on_exhausted": "odd"}', '{"approve_plans": 1}', '{"workspace_month_microusd": 1000000001}', '{"workspace_month_tokens": 10000000001}']) l;
select is(pg_temp.set_as('adam', '{"workspace_month_microusd": 1000000000}'), 'none', 'a month''s cap up to the grant is accepted');
select is(pg_temp.set_as('oscar', '{"workspace_month_microusd": 1000000001}'), 'ZG003', 'a project admin may not set a cap above the grant');
select is(tests.refusal_for('oscar', format('select goalpost.grant_budget(%L, 2000000000, 5)', tests.id_of('acme'))), 'none', 'a project admin grants a budget');
select is((pg_temp.acme()).workspace_month_microusd, 2000000000::bigint, 'the month''s cap is the granted amount');
select is(pg_temp.set_as('adam', '{"workspace_month_microusd": 2000000000, "workspace_month_tokens": 5}'), 'none', 'admins set the month''s caps up to the grant');
select is(pg_temp.set_as('adam', '{"workspace_month_tokens": 6}'), 'ZG003', 'admins set no cap above the grant');
select is(tests.refusal_for('oscar', format('select goalpost.grant_budget(%L, 100, 100)', tests.id_of('acme'))), 'none', 'a grant can be lowered');
select is((pg_temp.acme()).workspace_month_microusd, 100::bigint, 'a lowered grant lowers the cap');
select is(tests.refusal_for('adam', format('select goalpost.grant_budget(%L, 100, 100)', tests.id_of('acme'))), 'ZG002', 'an admin of the workspace may not grant a budget');
select is(tests.refusal_for('oscar', format('select goalpost.grant_budget(%L, %s)', tests.id_of('acme'), v)), 'ZG003', format('a grant of %s is refused', v)) from unnest(array['-1, 0', '0, -1', 'null, 1', '1000000000001, 1']) v;
select is(tests.refusal_for('oscar', format('select goalpost.grant_budget(%L, 1, 1)', tests.id_of('nowhere'))), 'ZG001', 'a grant for a workspace that does not exist is refused');

select * from finish();
rollback;
