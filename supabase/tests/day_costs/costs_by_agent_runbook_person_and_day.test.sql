-- The same usage, in four views; a stranger sees none of it.
begin;
select plan(9);
select tests.world(p_bystanders => false);

insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('acme'), 'own', 't', 'd', 'g', '{}');
select tests.price();
select tests.set('run', tests.bare_run());
update goalpost.workflow_runs set runbook_id = (select id from goalpost.runbooks where name = 'own') where id = tests.get('run');
select tests.bare_step(tests.get('run'), 'a', 'running', 'agent', jsonb_build_object('agent_id', (select id from goalpost.agents where name = 'own')));
select tests.reserve(tests.get('run'), 'a') from generate_series(1, 3);
select tests.end_turn(tests.get('run'), 'a', 1, tests.answer(100, 10));
select tests.advance_clock('12 hours');
select tests.end_turn(tests.get('run'), 'a', 2, tests.answer(200, 10));
select tests.end_turn(tests.get('run'), 'a', 3, tests.no_end());
select results_eq($$ select agent, calls, cost_microusd::bigint from goalpost.agent_costs $$, $$ values ('own', 3::bigint, 3040::bigint) $$, 'agent_costs sums calls and costs by agent');
select results_eq($$ select runbook, runs, calls, cost_microusd::bigint from goalpost.runbook_costs $$, $$ values ('own', 0::bigint, 3::bigint, 3040::bigint) $$, 'runbook_costs includes costs of open runs, but does not count them');
select results_eq($$ select user_id, calls, cost_microusd::bigint from goalpost.user_costs $$, format($$ values (%L::uuid, 3::bigint, 3040::bigint) $$, tests.id_of('mia')), 'user_costs sums calls and costs by requester');
select results_eq($$ select day, calls, cost_microusd::bigint from goalpost.day_costs order by day $$, $$ values ('2030-01-01'::date, 1::bigint, 120::bigint), ('2030-01-02', 2, 2920) $$, 'day_costs sums calls and costs by day');
select is(tests.value_for('sam', format('select count(*) from goalpost.%I', v)), '0', v || ' has no row for a stranger') from unnest(array['agent_costs', 'runbook_costs', 'user_costs', 'day_costs']) v;

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
