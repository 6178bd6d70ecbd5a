-- Requests that ended before their workspace's cutoff are deleted with everything that followed from them; others stay.
begin;
select plan(28);
select tests.world(false);
select tests.price();
create function pg_temp.forget(p_limit integer default 100) returns jsonb language sql as $$ select goalpost_worker.forget_work(p_limit) $$;
create function pg_temp.rows_of(p_run_id bigint) returns text language sql as $$
  select concat_ws(',', (select count(*) from goalpost.workflow_runs where id = p_run_id), (select count(*) from goalpost.steps where run_id = p_run_id),
                   (select count(*) from goalpost.step_turns where run_id = p_run_id), (select count(*) from goalpost.usage_events where run_id = p_run_id),
                   (select count(*) from goalpost.events where run_id = p_run_id), (select count(*) from goalpost.budgets where key = p_run_id::text)) $$;
create function pg_temp.end_run(p_run_id bigint, p_key text) returns void language sql as $$
  select tests.do_complete(p_run_id, p_key), tests.do_complete(p_run_id, 'judge', '{"decision": "complete", "report": "r"}') $$;

-- Ended, with a model call that was paid for.
select tests.set('ended', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('ended'), 'a');
select tests.spend(tests.get('ended'), 'a', 1000);
select tests.complete(tests.get('ended'), 'a'), tests.do_complete(tests.get('ended'), 'judge', '{"decision": "complete", "report": "r"}');
select tests.set('request', (tests.request_of(tests.get('ended'))).id);
select tests.set('open', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('open'), 'a');
select tests.spend(tests.get('open'), 'a', 500);
select tests.set('late', tests.planned('z'));
select isnt(pg_temp.rows_of(tests.get('ended')), '0,0,0,0,0,0', 'the ended work has rows');
select is((tests.request_of(tests.get('ended'))).ended_at is not null, true, 'its request has ended');
insert into storage.objects (bucket_id, name, version)
select b, format('%s/%s/a/%s.json', tests.id_of('acme'), r, b), '1'
  from unnest(array['goalpost']) b, unnest(array[tests.get('ended')::text, tests.get('ended') || '0', tests.get('open')::text]) r;

select tests.advance_clock('364 days');
select is(pg_temp.forget() ->> 'forgotten_count', '0', 'work within the retention stays');
select tests.advance_clock('2 days');
update goalpost.workspaces set retention_days = 400 where id = tests.id_of('acme');
select is(pg_temp.forget() ->> 'forgotten_count', '0', 'a longer retention of the workspace counts');
update goalpost.workspaces set retention_days = 365 where id = tests.id_of('acme');
select is(pg_temp.forget() - 'objects', '{"forgotten_count": 1, "more": false}', 'work past its retention is deleted');
select is(pg_temp.rows_of(tests.get('ended')), '0,0,0,0,0,0', 'no row of it is left');
select is((select string_agg(b.spent_microusd::text, ' ') from goalpost.budgets b where b.scope = 'run'), '500', 'caps of other runs stay');
select pg_temp.end_run(tests.get('late'), 'z');
select is(pg_temp.forget() ->> 'forgotten_count', '0', 'a request that was asked long ago and has just ended stays');
select is(tests.run_state(tests.get('late')), 'completed', 'with its run');
select is((select count(*) from goalpost.requests where id = tests.get('request')), 0::bigint, 'its request is deleted');
select is(tests.state(tests.get('open'), 'a'), 'running', 'a request that has not ended stays');
select is(pg_temp.forget() -> 'objects', jsonb_build_array(format('%s/%s/a/goalpost.json', tests.id_of('acme'), tests.get('ended'))),
  'objects of the deleted runs alone are listed, until they are gone');
select is((select sum(cost_microusd)::text from goalpost.unfolded_statistics where workspace_id = tests.id_of('acme')), '1500', 'its cost stays in the totals');
select is(tests.unbalanced(), '{}', 'caps add up without it');

-- The right to delete objects.
select set_config('storage.allow_delete_query', 'true', true);
set local role goalpost_worker;
delete from storage.objects;
reset role;
select is((select count(*) from storage.objects), 2::bigint, 'the worker deletes the listed object and no other');
select is(pg_temp.forget() -> 'objects', '[]', 'an object that is gone is no longer listed');
select is((select count(*) from goalpost_private.objects_to_delete), 0::bigint, 'its name is removed');

-- A person's decision that waits, a reopened run, and batches.
select tests.set('waits', tests.planned('b', jsonb_build_object('b', tests.approval())));
update goalpost.requests set ended_at = created_at, state = 'cancelled' where id = (tests.request_of(tests.get('waits'))).id;
update goalpost.workflow_runs set state = 'cancelled', ended_at = created_at where id = tests.get('waits');
select tests.set('one', tests.planned('c'));
select pg_temp.end_run(tests.get('one'), 'c');
select tests.set('two', tests.planned('d'));
select pg_temp.end_run(tests.get('two'), 'd');
select tests.advance_clock('366 days');
update goalpost.workflow_runs set state = 'running', ended_at = null where id = tests.get('two');
select is(pg_temp.forget(1), '{"forgotten_count": 1, "objects": [], "more": true}', 'a full batch has more');
select is(pg_temp.forget(1) ->> 'forgotten_count', '1', 'and deletes no more than its limit');
select is(pg_temp.forget(1), '{"forgotten_count": 0, "objects": [], "more": false}', 'a running run and a decision that waits stay');
update goalpost.approvals set state = 'cancelled', decided_at = goalpost_private.clock() where run_id = tests.get('waits');
select is(pg_temp.forget() ->> 'forgotten_count', '1', 'it is deleted after the decision');

-- An improvement outlives its analysis, and a schedule its old ticks.
select tests.set('analysis', tests.planned('e'));
select pg_temp.end_run(tests.get('analysis'), 'e');
insert into goalpost.improvements (workspace_id, kind, title, change, fingerprint, evidence, run_id, state, created_at, changed_at)
values (tests.id_of('acme'), 'finding', 't', '{}', 'f', '{}', tests.get('analysis'), 'applied', goalpost_private.clock(), goalpost_private.clock());
insert into goalpost.schedules (workspace_id, name, question, cron, time_zone, next_at, user_id, created_at)
values (tests.id_of('acme'), 's', 'q', '0 9 * * *', 'UTC', 'infinity', tests.id_of('mia'), goalpost_private.clock());
insert into goalpost.schedule_ticks (workspace_id, schedule_id, tick_at, outcome, decided_at)
select s.workspace_id, s.id, goalpost_private.clock() + n * interval '200 days', 'skipped', goalpost_private.clock() from goalpost.schedules s, generate_series(0, 1) n;
insert into goalpost.request_rules (workspace_id, name, user_id, schema_name, table_name, events, question, columns)
values (tests.id_of('acme'), 'r', tests.id_of('mia'), 'public', 't', '{insert}', 'q', '{}');
insert into goalpost.rule_firings (workspace_id, rule_id, event, source, digest, outcome, changed_at, decided_at)
select r.workspace_id, r.id, 'insert', 'trigger', 'd', 'refused', goalpost_private.clock(), goalpost_private.clock() + n * interval '200 days'
  from goalpost.request_rules r, generate_series(0, 1) n where r.name = 'r';
insert into goalpost.request_messages (workspace_id, source, message_id, outcome, decided_at)
select tests.id_of('acme'), 'aws', n::text, 'refused', goalpost_private.clock() + n * interval '200 days' from generate_series(0, 1) n;
select tests.advance_clock('366 days');
select is(pg_temp.forget() ->> 'forgotten_count', '1', 'an analysis is deleted');
select is((select run_id from goalpost.improvements where fingerprint = 'f'), null, 'its improvement stays');
select is((select count(*) from goalpost.schedule_ticks), 1::bigint, 'old ticks are deleted, later ones stay');
select is((select count(*) from goalpost.rule_firings), 1::bigint, 'old firings of rules are deleted, later ones stay');
select is((select count(*) from goalpost.request_messages), 1::bigint, 'old outcomes of messages are deleted, later ones stay');
select is((select count(*) from goalpost.budgets where scope <> 'run'), 0::bigint, 'caps of old days and months are deleted');
select is(tests.refusal('select goalpost_worker.forget_work(null)'), 'none', 'a call without a number takes the greatest batch');
select * from finish();
rollback;
