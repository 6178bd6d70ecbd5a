-- What is named changes, with the caps that are in use; what is no limit, or above the project's, is refused.
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

select is(pg_temp.set_as('adam', '{"webhook_hosts": ["hooks.example.com", "other.example.com:8443"], "on_exhausted": "ask", "approve_plans": true}'), 'none', 'some');
select is((pg_temp.acme()).webhook_hosts, array['hooks.example.com', 'other.example.com:8443'], 'hosts');
select is((pg_temp.acme()).on_exhausted || ' ' || (pg_temp.acme()).approve_plans, 'ask true', 'what happens at a cap, and to plans');
select is((pg_temp.acme()).goal_budget_microusd, 5000000::bigint, 'what is not named stays');
select is(pg_temp.set_as('adam', '{"webhook_hosts": []}'), 'none', 'no hosts');
select is((pg_temp.acme()).webhook_hosts, '{}', 'none are left');
select is((pg_temp.acme()).on_exhausted, 'ask', 'the rest stays');
select is(pg_temp.set_as('adam', '{"workspace_month_microusd": 9000, "user_day_microusd": 0, "goal_budget_microusd": 1, "max_open_requests": 7}'), 'none', 'caps');
select is(tests.caps(tests.get('run')), 'workspace_month 0+2700/9000, user_day 0+2700/2700, run 0+2700/5000000', 'those in use move as far as they can; a request keeps the one it began with');
select is((pg_temp.acme()).max_open_requests, 7, 'open requests');
select is(pg_temp.set_as('adam', l), 'ZG003', l) from unnest(array['[]', 'null', '{"name": "x"}', '{"readable_schemas": ["auth"]}', '{"webhook_hosts": ["https://x"]}', '{"webhook_hosts": "x"}', '{"webhook_hosts": [7]}',
  '{"max_open_requests": 0}', '{"goal_budget_microusd": -1}', '{"user_day_tokens": 1.5}', '{"on_exhausted": "odd"}', '{"approve_plans": 1}', '{"workspace_month_microusd": 1000000001}', '{"workspace_month_tokens": 10000000001}']) l;
select is(pg_temp.set_as('adam', '{"workspace_month_microusd": 1000000000}'), 'none', 'up to the project''s');
select is(pg_temp.set_as('oscar', '{"workspace_month_microusd": 1000000001}'), 'ZG003', 'a project admin grants more first');
select is(tests.refusal_for('oscar', format('select goalpost.grant_budget(%L, 2000000000, 5)', tests.id_of('acme'))), 'none', 'a project admin grants a budget');
select is((pg_temp.acme()).workspace_month_microusd, 2000000000::bigint, 'the month''s cap is what was granted');
select is(pg_temp.set_as('adam', '{"workspace_month_microusd": 2000000000, "workspace_month_tokens": 5}'), 'none', 'admins set the month''s caps up to the grant');
select is(pg_temp.set_as('adam', '{"workspace_month_tokens": 6}'), 'ZG003', 'admins set no cap above the grant');
select is(tests.refusal_for('oscar', format('select goalpost.grant_budget(%L, 100, 100)', tests.id_of('acme'))), 'none', 'a grant can be lowered');
select is((pg_temp.acme()).workspace_month_microusd, 100::bigint, 'a lowered grant lowers the cap');
select is(tests.refusal_for('adam', format('select goalpost.grant_budget(%L, 100, 100)', tests.id_of('acme'))), 'ZG002', 'an admin of the workspace grants nothing');
select is(tests.refusal_for('oscar', format('select goalpost.grant_budget(%L, %s)', tests.id_of('acme'), v)), 'ZG003', format('a grant of %s is refused', v)) from unnest(array['-1, 0', '0, -1', 'null, 1', '1000000000001, 1']) v;
select is(tests.refusal_for('oscar', format('select goalpost.grant_budget(%L, 1, 1)', tests.id_of('nowhere'))), 'ZG001', 'a workspace that is not there is granted nothing');

select * from finish();
rollback;
