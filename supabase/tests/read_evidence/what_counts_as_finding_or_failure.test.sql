-- The bounds of findings, failures and decisions.
begin;
select plan(25);
select tests.world(false);
select tests.tools();

select tests.set('run', tests.agent_at_work()), tests.set('other', tests.agent_at_work());
create function pg_temp.call(p_number integer, p_tool text, p_state text, p_step text default 'a', p_turn integer default 1) returns void language sql as $$
  insert into goalpost.tool_calls (run_id, step_key, number, workspace_id, turn_number, attempt, tool, tool_version, idempotent, writes, arguments, arguments_hash,
    idempotency_key, rule, created_at, state, ended_at, result, error)
  values (tests.get('run'), p_step, p_number, tests.id_of('acme'), p_turn, 1, p_tool, 1, true, false, '{}', 'h', p_step || p_number, 'default', now(), p_state,
    case when p_state in ('done', 'failed') then now() end, case p_state when 'done' then '{}'::jsonb end, case p_state when 'failed' then '{"code": "bad", "message": "m"}'::jsonb end) $$;
create function pg_temp.other_call(p_number integer, p_tool text) returns void language sql as $$
  insert into goalpost.tool_calls (run_id, step_key, number, workspace_id, turn_number, attempt, tool, tool_version, idempotent, writes, arguments, arguments_hash,
    idempotency_key, rule, created_at, state, ended_at, result)
  values (tests.get('other'), 'a', p_number, tests.id_of('acme'), 1, 1, p_tool, 1, true, false, '{}', 'h', 'other' || p_number, 'default', now(), 'done', now(), '{}') $$;
create function pg_temp.decision(p_call integer, p_state text, p_edited jsonb default null) returns void language sql as $$
  insert into goalpost.approvals (workspace_id, run_id, step_key, number, kind, call_number, question, shown, subject, subject_hash, required_role, on_reject, state,
    requested_at, expires_at, decided_by, decided_at, edited)
  values (tests.id_of('acme'), tests.get('run'), 'a', p_call, 'tool_call', p_call, 'q', '{}', '{"to": "a"}', 'h', 'approver', 'fail', p_state, now(), now(),
    case when p_state in ('approved', 'rejected') then tests.id_of('petra') end, goalpost_private.clock(), p_edited) $$;
create function pg_temp.findings() returns jsonb language sql as $$ select goalpost_private.evidence_of_findings(tests.id_of('acme'), goalpost_private.clock()) $$;
create function pg_temp.failures() returns integer language sql as $$ select jsonb_array_length(goalpost_private.evidence_of_failures(tests.id_of('acme'), goalpost_private.clock())) $$;
create function pg_temp.step(p_key text, p_state text, p_error jsonb) returns void language sql as $$
  insert into goalpost.steps (run_id, key, workspace_id, kind, title, state, run_after, ended_at, error)
  values (tests.get('run'), p_key, tests.id_of('acme'), 'tool', p_key, p_state, now() + interval '1 year', case p_state when 'failed' then now() end, p_error) $$;

select pg_temp.step('s' || n, 'failed', null) from generate_series(1, 6) n;
select pg_temp.call(1, 'sql', 'failed'), pg_temp.call(2, 'calculate', 'done'), pg_temp.call(3, 'sql', 'failed');
select is(pg_temp.failures(), 0, 'neither another tool nor another failure makes it good');
select pg_temp.other_call(50, 'sql');
select is(pg_temp.failures(), 0, 'nor does a call of another run');
select pg_temp.call(9, 'sql', 'done', 's1');
select is(pg_temp.failures(), 0, 'nor does a call of another step');
select pg_temp.call(1, 'email', 'done', 's2'), pg_temp.call(2, 'email', 'failed', 's2');
select is(pg_temp.failures(), 0, 'nor an earlier one');
select pg_temp.call(1, 'http', 'failed', 's3', null), pg_temp.call(2, 'http', 'done', 's3', null);
select is(pg_temp.failures(), 0, 'a step that is one call has no turn to learn for');
select pg_temp.call(4, 'sql', 'done');
select is(pg_temp.failures(), 2, 'a later call of the tool in the step does');

select is(pg_temp.findings(), '[]', 'failed steps without a code are no finding');
select pg_temp.step('r' || n, 'ready', '{"code": "flaky"}') from generate_series(1, 3) n;
select is(pg_temp.findings(), '[]', 'nor are errors of steps that go on');
select pg_temp.call(20 + n, 'http_get', case when n <= 3 then 'failed' else 'done' end, 's4') from generate_series(1, 9) n;
select pg_temp.call(40, 'http_get', 'intended', 's4');
select is(pg_temp.findings(), '[]', 'calls that go on do not count');
select pg_temp.other_call(51, 'http_get');
select is(pg_temp.findings() #> '{0,evidence}', jsonb_build_object('calls', 10, 'failed', 3, 'runs', jsonb_build_array(tests.get('run'))), 'a finding has its counts and runs');

select pg_temp.call(60, 'webhook', 'done'), pg_temp.call(61, 'webhook', 'done'), pg_temp.call(62, 'remember', 'done'), pg_temp.call(63, 'email', 'done');
select pg_temp.decision(60, 'approved'), pg_temp.decision(61, 'rejected', '{"to": "b"}'), pg_temp.decision(62, 'approved'), pg_temp.decision(63, 'expired');
select is((select jsonb_agg(d - 'approvals') from jsonb_array_elements(goalpost_private.evidence_of_decisions(tests.id_of('acme'), goalpost_private.clock())) d),
          '[{"tool": "webhook", "approved": 1, "edited": 0, "rejected": 1, "people": 1}]', 'memories, expiries and the edits of what was rejected are no decisions');
insert into goalpost.corrections (approval_id, workspace_id, run_id, step_key, kind, tool, proposed, corrected, corrected_by, created_at)
select a.id, a.workspace_id, a.run_id, a.step_key, 'tool_call', 'webhook',
       case a.number when 60 then to_jsonb(repeat('x', 9000)) else '{}' end, case a.number when 61 then to_jsonb(repeat('x', 9000)) else '{}' end, tests.id_of('petra'), goalpost_private.clock()
  from goalpost.approvals a where a.number in (60, 61);
select is(goalpost_private.evidence_of_corrections(tests.id_of('acme'), goalpost_private.clock()), '[]', 'large edits are left out');

-- Goals without a rating: root goals, and no rating in this workspace.
insert into goalpost.requests (workspace_id, user_id, question, state, ended_at) select tests.id_of('acme'), tests.id_of('mia'), 'q' || n, 'answered', now() from generate_series(1, 21) n;
insert into goalpost.goals (workspace_id, user_id, request_id, root_goal_id, id, title, description, state, ended_at)
select workspace_id, user_id, id, 100000 + id, 100000 + id, 't', 'd', 'completed', now() from goalpost.requests where question like 'q%';
insert into goalpost.workflow_runs (workspace_id, user_id, workflow_type, request_id, goal_id, id, root_run_id, deadline_at, state, created_at, ended_at)
select workspace_id, user_id, 'goal', request_id, id, id, id, now(), 'completed', goalpost_private.clock(), now() from goalpost.goals where id > 100000;
update goalpost.workflow_runs set parent_goal_id = (select min(id) from goalpost.goals where id > 100000) where id = (select max(id) from goalpost.workflow_runs);
create function pg_temp.unrated() returns text language sql as $$ select f ->> 'title' from jsonb_array_elements(pg_temp.findings()) f where f ->> 'subject' = 'ratings' $$;
select is(pg_temp.unrated(), '20 goals ended and none was rated', 'goals below others are not counted');
alter table goalpost.feedback disable trigger append_rating;
with request as (
  insert into goalpost.requests (workspace_id, user_id, question) values (tests.id_of('elsewhere'), tests.id_of('sam'), 'q') returning id
), goal as (
  insert into goalpost.goals (id, workspace_id, user_id, request_id, root_goal_id, title, description) select 900000, tests.id_of('elsewhere'), tests.id_of('sam'), id, 900000, 't', 'd' from request returning id
)
insert into goalpost.feedback (goal_id, user_id, workspace_id, rating) select id, tests.id_of('sam'), tests.id_of('elsewhere'), 'good' from goal;
select is(pg_temp.unrated(), '20 goals ended and none was rated', 'ratings of other workspaces are none here');
insert into goalpost.feedback (goal_id, user_id, workspace_id, rating) select max(id), tests.id_of('mia'), tests.id_of('acme'), 'good' from goalpost.goals where workspace_id = tests.id_of('acme');
select is(pg_temp.unrated(), null, 'one rating is enough');

-- Steps that time out, and goals far above their estimate.
create function pg_temp.found(p_subject text) returns text language sql as $$ select f ->> 'title' from jsonb_array_elements(pg_temp.findings()) f where f ->> 'subject' = p_subject $$;
insert into goalpost.step_attempts (run_id, step_key, attempt, workspace_id, outcome, ended_at)
select tests.get('run'), 'a', n, tests.id_of('acme'), case when n <= 12 then 'timed_out' else 'lost' end, now() from generate_series(11, 13) n;
select is(pg_temp.found('time-outs agent'), null, 'two attempts that timed out are too few');
update goalpost.step_attempts set outcome = 'timed_out' where run_id = tests.get('run') and attempt = 13;
select is(pg_temp.found('time-outs agent'), '3 attempts of agent steps took longer than they may', 'three are a finding');
select is(pg_temp.found('estimate general'), null, 'goals without an estimate are not compared');
insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan, estimate)
select r.id, 1, r.workspace_id, '{}', '{"from": "plan", "cost_microusd": 10, "least_microusd": 5, "most_microusd": 20}' from goalpost.workflow_runs r where r.id > 100000 and r.parent_goal_id is null order by r.id limit 4;
create function pg_temp.spend(p_microusd integer, p_goals integer) returns void language plpgsql as $$
begin
  delete from goalpost.usage_events where run_id > 100000;
  insert into goalpost.steps (run_id, key, workspace_id, kind, title) select r.id, 'u', r.workspace_id, 'agent', 'u' from goalpost.workflow_runs r where r.id > 100000 on conflict do nothing;
  perform tests.bare_turn(r.id, 'u') from goalpost.workflow_runs r where r.id > 100000 and not exists (select from goalpost.step_turns t where t.run_id = r.id);
  insert into goalpost.usage_events (run_id, step_key, number, lease_epoch, workspace_id, goal_id, user_id, provider, model, cost_microusd, created_at)
  select v.run_id, 'u', 1, 0, v.workspace_id, v.run_id, tests.id_of('mia'), 'p', 'm', p_microusd, now() from goalpost.plan_revisions v where v.run_id > 100000 order by v.run_id limit p_goals;
end $$;
select pg_temp.spend(41, 4);
select is(pg_temp.found('estimate general'), null, 'four goals are too few');
insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan, estimate)
select r.id, 1, r.workspace_id, '{}', '{"from": "plan", "cost_microusd": 10, "least_microusd": 5, "most_microusd": 20}' from goalpost.workflow_runs r
 where r.id > 100000 and r.parent_goal_id is null and not exists (select from goalpost.plan_revisions v where v.run_id = r.id) order by r.id limit 1;
select pg_temp.spend(41, 3);
select is(pg_temp.found('estimate general'), '3 of 5 goals of the type general cost more than twice their estimate', 'every second of five is a finding');
select is((select f -> 'evidence' from jsonb_array_elements(pg_temp.findings()) f where f ->> 'subject' = 'estimate general'), '{"goals": 5, "above": 3}', 'with its counts');
insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan, estimate)
select r.id, 1, r.workspace_id, '{}', '{"from": "plan", "cost_microusd": 10, "least_microusd": 5, "most_microusd": 20}' from goalpost.workflow_runs r
 where r.id > 100000 and r.parent_goal_id is null and not exists (select from goalpost.plan_revisions v where v.run_id = r.id) order by r.id limit 1;
select pg_temp.spend(41, 3);
select is(pg_temp.found('estimate general'), '3 of 6 goals of the type general cost more than twice their estimate', 'exactly half is enough');
select pg_temp.spend(40, 5);
select is(pg_temp.found('estimate general'), null, 'up to twice the upper bound is near enough');

-- The evidence names the readable tables, and what is known in this workspace.
create schema hidden; create table hidden.secret (id integer);
create schema open; create table open.orders (id integer); create index on open.orders (id);
update goalpost.workspaces set readable_schemas = case when id = tests.id_of('acme') then '{open}' else '{hidden}' end::text[];
select tests.json_for('petra', format('select goalpost.start_analysis(%L)', tests.id_of('acme')));
select tests.set('analysis', (select max(run_id) from goalpost.steps where kind = 'analyze'));
select tests.start(tests.get('analysis'), 'analyze');
insert into goalpost.improvements (workspace_id, kind, title, change, fingerprint, evidence, run_id, created_at, changed_at)
select tests.id_of('elsewhere'), 'finding', 't', '{}', 'theirs', '{}', r.id, now(), now() from goalpost.workflow_runs r where r.workspace_id = tests.id_of('elsewhere') limit 1;
create function pg_temp.evidence() returns jsonb language sql as $$ select goalpost_worker.read_evidence(tests.get('analysis'), 'analyze', (tests.step(tests.get('analysis'), 'analyze')).lease_epoch) $$;
select is(pg_temp.evidence() -> 'tables', '[{"schema": "open", "name": "orders"}]', 'readable tables alone are named');
select is(pg_temp.evidence() -> 'known', '[]', 'what other workspaces know is not known here');

select * from finish();
rollback;
