-- The report of a period counts the work asked in it and the usage booked in it, for members of the workspace alone.
begin;
select plan(33);
select tests.world();

insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('acme'), 'own', 't', 'd', 'g', '{}');
-- Asked before the period.
select tests.set('early', tests.planned('a', jsonb_build_object('a', tests.agent('own'))));
select tests.spend(tests.get('early'), 'a', 1000);
select tests.advance_clock('2 days');
select tests.set('since', goalpost_private.clock()::text);
select tests.set('run', tests.planned('a, b:a, ap:b', jsonb_build_object('a', tests.agent('own'), 'b', tests.agent('own'), 'ap', tests.approval('{"required_role": "member"}')), '["good"]'));
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
update goalpost.workflow_runs set runbook_id = (select id from goalpost.runbooks where name = 'own') where id = tests.get('run');
select tests.spend(tests.get('run'), 'a', 100);
select tests.complete(tests.get('run'), 'a');
select tests.advance_clock('1 day');
select tests.spend(tests.get('run'), 'b', 18);
select tests.complete(tests.get('run'), 'b');
select tests.decide('mia', (tests.approval_of(tests.get('run'), 'ap')).id, 'approved');
-- A goal of an earlier request is worked on in the period.
select tests.spend(tests.get('early'), 'a', 5);
select tests.set('broken', tests.planned('a', '{}', '[]'));
select tests.do_fail(tests.get('broken'), 'a');
select tests.report_failure(tests.get('broken'));
update goalpost.goals set state = 'completed', ended_at = created_at + interval '90 seconds' where id = tests.get('goal');
update goalpost.plan_revisions set estimate = '{"from": "plan", "cost_microusd": 200, "least_microusd": 50, "most_microusd": 117}' where run_id = tests.get('run');
select tests.value_for('mia', format('insert into goalpost.feedback (workspace_id, goal_id, rating) values (%L, %s, ''bad'') returning rating', tests.id_of('acme'), tests.get('goal')));
update goalpost.feedback set rated_at = goalpost_private.clock();
insert into goalpost.improvements (workspace_id, kind, title, change, fingerprint, evidence, run_id, state, expected, measured, created_at, changed_at)
values (tests.id_of('acme'), 'lesson', 'In the period', '{}', 'in', '{}', tests.get('run'), 'measured', '{"model_calls": {"before": 4, "after": 2}}', '{"model_calls": 3}', goalpost_private.clock(), goalpost_private.clock()),
       (tests.id_of('acme'), 'lesson', 'Before it', '{}', 'before', '{}', tests.get('run'), 'applied', '{}', null, tests.kept('since')::timestamptz - interval '1 hour', tests.kept('since')::timestamptz - interval '1 hour');
-- An analysis is no request of a person.
select goalpost_private.open_analysis(tests.id_of('acme'), tests.id_of('olga'), goalpost_private.clock());
select tests.advance_clock('1 minute');

create function pg_temp.report(p_person text default 'vera', p_workspace text default 'acme', p_until timestamptz default goalpost_private.clock()) returns jsonb language sql as $$
  select tests.json_for(p_person, format('select goalpost.read_period_report(%L, %L, %L)', tests.id_of(p_workspace), tests.kept('since')::timestamptz, p_until)) $$;
select tests.set('report', pg_temp.report()::text);
create function pg_temp.part(p_path text) returns jsonb language sql as $$ select tests.kept('report')::jsonb #> p_path::text[] $$;

select is(pg_temp.part('{work,goals}'), '[{"goals": 1, "state": "completed"}, {"goals": 1, "state": "failed"}]', 'goals asked in the period are counted by state');
select is((select sum((r ->> 'requests')::integer) from jsonb_array_elements(pg_temp.part('{work,requests}')) r), 2::bigint, 'analyses are not counted as requests');
select is(jsonb_array_length(pg_temp.part('{work,kinds}')), 2, 'a goal type has an entry for each runbook');
select is(pg_temp.part('{work,kinds,0}') - 'goal_type', '{"runbook": "own", "version": 1, "goals": 1, "completed": 1, "failed": 0, "mean_seconds": 90.000, "calls": 2, "cost_microusd": 118, "microusd_per_completed": 118}'::jsonb, 'a kind has its goals, time and cost');
select is(pg_temp.part('{work,kinds,1,microusd_per_completed}'), 'null', 'a kind without a completed goal has no cost for each');
select is(pg_temp.part('{work,estimates}') @> '[{"goals": 2}]', true, 'ended goals have their estimates');
select is((pg_temp.part('{work,estimates,0,cost_microusd}'))::bigint, 118::bigint, 'the estimates are beside the costs of their goals');
select is((pg_temp.part('{work,estimates,0,within_bounds}'))::bigint, 0::bigint, 'a cost above the upper bound is not within');
select is(pg_temp.part('{work,failures,0,requests}'), '1', 'failures are counted by their reason code');
select is(pg_temp.part('{work,failures,0,reason_code}'), to_jsonb(coalesce((select reason_code from goalpost.goals where id = (tests.goal_of(tests.get('broken'))).id), 'none')), 'the reason code is that of the goal');

select is(pg_temp.part('{usage,all,cost_microusd}'), '123', 'the cost is that booked in the period');
select is(pg_temp.part('{usage,all,calls}'), '3', 'calls before the period are not counted');
select is((select jsonb_agg(d -> 'cost_microusd') from jsonb_array_elements(pg_temp.part('{usage,days}')) d), '[100, 23]', 'the cost is listed by day');
select is(pg_temp.part('{usage,agents,0}') @> '{"agent": "own", "version": 1, "calls": 3, "cost_microusd": 123}', true, 'the cost is listed by agent version');
select is((select sum((d ->> 'cost_microusd')::bigint) from jsonb_array_elements(pg_temp.part('{usage,models}')) d), 123::numeric, 'the costs of the models add up to it');
select is(pg_temp.part('{usage,runbooks}') @> '[{"runbook": "own", "version": 1, "cost_microusd": 118}]', true, 'the cost is listed by runbook version');
select is(pg_temp.part('{usage,people}') @> jsonb_build_array(jsonb_build_object('user_id', tests.id_of('mia'), 'cost_microusd', 123)), true, 'the cost is listed by person');
select is((pg_temp.part('{usage,all,seconds}'))::numeric, (select round(sum(duration_ms) / 1000.0, 3) from goalpost.usage_events where workspace_id = tests.id_of('acme') and created_at >= tests.kept('since')::timestamptz), 'the time is that of the model calls');
select is(pg_temp.part('{dearest,0}') @> jsonb_build_object('goal_id', tests.get('goal'), 'cost_microusd', 118), true, 'the dearest goal comes first');
select is(pg_temp.part('{dearest,1,cost_microusd}'), '5', 'a goal asked before the period counts with its cost in the period');
select is(jsonb_array_length(pg_temp.part('{dearest}')), 2, 'goals without cost are not listed as dear');

select is(pg_temp.part('{decisions,approvals}') @> '[{"kind": "step", "requested": 1, "approved": 1, "rejected": 0, "pending": 0, "edited": 0}]', true, 'approvals are counted by kind and state');
select is(pg_temp.part('{decisions,ratings,0,bad}'), '1', 'ratings are counted by goal type');
select is(pg_temp.part('{decisions,improvements}') @> '[{"title": "In the period", "state": "measured", "measured": {"model_calls": 3}}]', true, 'improvements have their measured effect');
select is(jsonb_array_length(pg_temp.part('{decisions,improvements}')), 1, 'improvements of other times are not listed');
select is(pg_temp.report('vera', 'acme', tests.kept('since')::timestamptz + interval '1 hour') #>> '{usage,all,cost_microusd}', '100', 'the end of the period bounds the usage');

select is(tests.refusal_for('sam', format('select goalpost.read_period_report(%L, now() - interval ''1 day'', now())', tests.id_of('acme'))), 'ZG001', 'a stranger cannot read the report of a workspace');
select is(tests.refusal_for('mia', format('select goalpost.read_period_report(%L, now(), now())', tests.id_of('acme'))), 'ZG003', 'an empty period is refused');
select is(tests.refusal_for('mia', format('select goalpost.read_period_report(%L, null, now())', tests.id_of('acme'))), 'ZG003', 'a period without a beginning is refused');
select is(tests.refusal_for('mia', format('select goalpost.read_period_report(%L, now() - interval ''367 days'', now())', tests.id_of('acme'))), 'ZG003', 'a period of more than 366 days is refused');
select is(tests.refusal_for('mia', format('select goalpost.read_period_report(%L, ''-infinity'', now())', tests.id_of('acme'))) is not null, true, 'a period without end is refused');
select is(tests.json_for('mia', format('select goalpost.read_period_report(%L, ''2020-01-01'', ''2020-01-02'')', tests.id_of('acme'))) - 'workspace' - 'since' - 'until',
  '{"work": {"goals": [], "kinds": [], "failures": [], "requests": [], "estimates": []}, "dearest": [], "decisions": {"ratings": [], "approvals": [], "improvements": []},
    "usage": {"all": {"calls": 0, "seconds": 0.000, "input_tokens": 0, "output_tokens": 0, "cost_microusd": 0, "estimated_microusd": 0}, "days": [], "agents": [], "models": [], "people": [], "runbooks": []}}'::jsonb, 'a period without work has empty lists and zeros');

update goalpost.goals set goal_type = (select goal_type from goalpost.goals where id = tests.get('goal')) where id = (tests.goal_of(tests.get('broken'))).id;
update goalpost.workflow_runs set runbook_id = (select id from goalpost.runbooks where name = 'own') where id = tests.get('broken');
select is(pg_temp.report() #> '{work,kinds,0}' @> '{"goals": 2, "completed": 1, "failed": 1}', true, 'completed and failed goals of a kind are counted apart');

select * from finish();
rollback;
