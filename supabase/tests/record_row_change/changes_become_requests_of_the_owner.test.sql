-- A change that meets a rule is recorded in its own transaction and asked once, as the rule's owner. The write itself
-- never fails by a rule.
begin;
select * from no_plan();
select tests.world(false);
insert into goalpost.project_admins values (tests.id_of('mia'));
create table public.orders (id integer primary key, status text, note text, amount numeric);
grant all on public.orders to authenticated;
create function pg_temp.rule(p_more jsonb default '{}') returns void language sql as $$
  select tests.json_for('mia', format('select goalpost.set_request_rule(%L, %L)', tests.id_of('acme'),
    '{"name": "late", "table": "orders", "events": ["update"], "conditions": [{"column": "status", "operator": "=", "value": "late"}, {"column": "status", "operator": "changed"}],
      "question": "Write to {{ new.id }}: {{ new.note }} was {{ old.status }}", "context_columns": ["amount"], "budget": {"max_tokens": 5}}'::jsonb || p_more)) $$;
create function pg_temp.asked() returns text language sql as $$ select goalpost_private.sweep() ->> 'changes_asked' $$;
create function pg_temp.history() returns text language sql as $$
  select coalesce(string_agg(f.outcome || coalesce(' ' || q.question, '') || coalesce(': ' || f.reason, ''), ', ' order by f.id), 'none')
    from goalpost.rule_firings f left join goalpost.requests q on q.id = f.request_id $$;
select pg_temp.rule();
insert into public.orders values (1, 'new', 'a {{ new.id }}', 2.50), (2, 'new', 'b', 1);
select is((select count(*) from goalpost_private.row_changes), 0::bigint, 'an event that no rule names records nothing');
update public.orders set status = 'sent' where id = 1;
select is((select count(*) from goalpost_private.row_changes), 0::bigint, 'a change that meets no condition records nothing');
update public.orders set status = 'late' where id = 1;
select is((select format('%s %s %s %s', event, source, row_values, problem) from goalpost_private.row_changes),
          'update trigger {"new": {"id": 1, "note": "a {{ new.id }}", "amount": 2.50, "status": "late"}, "old": {"id": 1, "note": "a {{ new.id }}", "amount": 2.50, "status": "sent"}} ', 'a change that does is recorded, with the columns that the rule names');
select is((select count(*) from goalpost.wakes where function = 'intake'), 1::bigint, 'and intake is woken');
select is(pg_temp.asked() || ' ' || pg_temp.history(), '1 asked Write to 1: a {{ new.id }} was sent', 'it is asked, with the values of the row, which are not expanded again');
select is((select format('%s %s %s %s %s', user_id = tests.id_of('mia'), state, rule_depth, budget, context) from goalpost.requests),
          't accepted 1 {"max_tokens": 5} {"new": {"amount": 2.50}, "old": {"amount": 2.50}, "rule": "late", "event": "update", "table": "public.orders"}', 'as the owner, with the context columns and the budget');
select is(pg_temp.asked(), '0', 'and not again');
select is(goalpost_private.is_tainted((select max(id) from goalpost.workflow_runs), 'assess'), true, 'its steps are tainted, since others wrote the row');
select is(goalpost_private.is_tainted(tests.bare_run(), 'assess'), false, 'and those of a person''s request are not');

-- A rolled back change, the same change again, and a claim instead of a sweep.
savepoint before_the_change;
update public.orders set status = 'late' where id = 2;
rollback to before_the_change;
select is(pg_temp.asked(), '0', 'a change that is rolled back asks nothing');
update public.orders set status = 'sent' where id = 1;
update public.orders set status = 'late' where id = 1;
select jsonb_array_length(goalpost_worker.claim_steps('{assess}', 10, 60, 'w'));
select is((select count(*) from goalpost.rule_firings where outcome = 'asked'), 2::bigint, 'the same change at another time is another change, and a claim of intake asks it');
select is((select count(*) from goalpost.steps where kind = 'assess' and state = 'running'), 2::bigint, 'whose assessment the same claim takes');
update public.orders set status = 'sent' where id = 1;
update public.orders set status = 'late' where id = 1;
select goalpost_worker.claim_steps('{plan}', 10, 60, 'w');
select is((select count(*) from goalpost_private.row_changes), 1::bigint, 'a claim of another function asks nothing');
select goalpost_worker.claim_steps('{assess}', 10, 60, 'w', p_run_id => 1);
select is((select count(*) from goalpost_private.row_changes), 1::bigint, 'nor does a claim for a person who waits');
select pg_temp.asked();

-- A key of its own.
select pg_temp.rule('{"dedupe_key": "order {{ new.id }}"}');
update public.orders set status = 'sent';
update public.orders set status = 'late';
update public.orders set status = 'sent' where id = 2;
update public.orders set status = 'late' where id = 2;
delete from goalpost.rule_firings;
select pg_temp.asked();
select matches(pg_temp.history(), '^asked Write to \d.*, asked Write to \d.*, repeated: its key was asked before$', 'two changes of one key are one request');

-- Rows that a request writes.
delete from goalpost.rule_firings;
select pg_temp.rule();
select set_config('goalpost.request_id', (select max(id)::text from goalpost.requests), true);
update public.orders set status = 'sent';
update public.orders set status = 'late' where id = 1;
select is(pg_temp.asked() || pg_temp.history(), '0none', 'a write of a request fires no rule');
select pg_temp.rule('{"includes_own_writes": true}');
update public.orders set status = 'late' where id = 2;
select matches(pg_temp.asked() || pg_temp.history(), '^1asked Write to 2', 'unless the rule includes them');
select is((select rule_depth from goalpost.requests order by id desc limit 1), 2, 'and then the request counts the rules before it');
update goalpost.requests set rule_depth = 3 where id = current_setting('goalpost.request_id')::bigint;
update public.orders set status = 'sent';
update public.orders set status = 'late' where id = 2;
select pg_temp.asked();
select matches(pg_temp.history(), 'refused: three rules in a row', 'a chain ends with the third');
select set_config('goalpost.request_id', '', true);

-- What is refused is recorded, and the write stands.
delete from goalpost.rule_firings;
select pg_temp.rule('{"max_per_hour": 1}');
update public.orders set status = 'sent';
update public.orders set status = 'late';
select pg_temp.asked();
select matches(pg_temp.history(), '^asked Write.*, refused: the rule asked 1 times within an hour, as often as it may$', 'a rule asks as often as it may within an hour');
select tests.advance_clock('61 minutes');
update public.orders set status = 'sent';
update public.orders set status = 'late' where id = 1;
select pg_temp.asked();
select matches(pg_temp.history(), 'refused.*, asked', 'and again after it');
select pg_temp.rule();
delete from goalpost.rule_firings;
update goalpost.workspaces set max_open_requests = 1 where id = tests.id_of('acme');
update public.orders set status = 'sent';
update public.orders set status = 'late' where id = 1;
select pg_temp.asked();
select is(pg_temp.history(), 'refused: the workspace has too many open requests', 'a request over the cap is refused, with the reason');
update goalpost.workspaces set max_open_requests = 1000;
update public.orders set status = 'sent';
update public.orders set status = 'late' where id = 1;
select tests.json_for('mia', format('select goalpost.change_request_rule(%L, ''late'', ''pause'')', tests.id_of('acme')));
update public.orders set status = 'late' where id = 2;
select is((select count(*) from goalpost_private.row_changes), 1::bigint, 'a paused rule records nothing more');
select pg_temp.asked();
select matches(pg_temp.history(), ', refused: the rule was paused[^,]*$', 'a paused rule records nothing, and asks nothing that was recorded before');
select tests.json_for('mia', format('select goalpost.change_request_rule(%L, ''late'', ''resume'')', tests.id_of('acme')));
delete from goalpost.project_admins;
insert into goalpost.project_admins values (tests.id_of('olga'));
update public.orders set status = 'sent';
update public.orders set status = 'late' where id = 1;
select pg_temp.asked();
select matches(pg_temp.history(), 'refused: the owner of the rule is no project admin any more$', 'a rule of a person who is no project admin any more asks nothing');
insert into goalpost.project_admins values (tests.id_of('mia'));
update goalpost.members set role = 'viewer' where user_id = tests.id_of('mia');
update public.orders set status = 'sent';
update public.orders set status = 'late' where id = 1;
select pg_temp.asked();
select matches(pg_temp.history(), 'refused: the owner of the rule is no member who may ask any more$', 'nor one of a viewer');
update goalpost.members set role = 'member' where user_id = tests.id_of('mia');

-- Errors: of the rule, of the recording, and of the wake.
delete from goalpost.rule_firings;
update goalpost.request_rules set conditions = '[{"column": "status", "operator": "in", "value": 1}]';
select lives_ok('update public.orders set status = ''late''', 'an error of a rule does not reach the write');
select pg_temp.asked();
select matches(pg_temp.history(), '^refused: cannot extract elements from a scalar, refused: cannot', 'and is in the history of the rule');
select pg_temp.rule();
alter table goalpost_private.row_changes add constraint full_now check (false) not valid;
select lives_ok('update public.orders set status = ''sent''; update public.orders set status = ''late''', 'nor does a record that cannot be written');
select is((select count(*) from public.orders where status = 'late'), 2::bigint, 'which stands');
alter table goalpost_private.row_changes drop constraint full_now;
update goalpost.wakes set acknowledged_at = now();
alter table goalpost.wakes add constraint full_now check (false) not valid;
select set_config('goalpost.row_changes', '', true);
update public.orders set status = 'sent';
update public.orders set status = 'late' where id = 1;
select is((select count(*) from goalpost_private.row_changes), 1::bigint, 'nor is a change lost that no wake can be sent for');
alter table goalpost.wakes drop constraint full_now;
select pg_temp.asked();

-- A rule for webhooks alone, and one of a table of this name elsewhere, record nothing for the trigger of another rule.
update public.orders set status = 'sent';
insert into goalpost.request_rules (workspace_id, name, user_id, schema_name, table_name, events, question, columns, uses_trigger)
values (tests.id_of('acme'), 'by webhook', tests.id_of('mia'), 'public', 'orders', '{update}', 'q', '{}', false),
       (tests.id_of('acme'), 'elsewhere', tests.id_of('mia'), 'shop', 'orders', '{update}', 'q', '{}', true);
update public.orders set status = 'late' where id = 1;
select is((select count(*) from goalpost_private.row_changes), 1::bigint, 'a change is recorded for the rules of its table and its source alone');
select pg_temp.asked();
delete from goalpost.request_rules where name in ('by webhook', 'elsewhere');

-- By a signed-in person without any rights on rules; inserts and deletes; many at once.
select tests.json_for('mia', format('select goalpost.change_request_rule(%L, ''late'', ''remove'')', tests.id_of('acme')));
select pg_temp.rule('{"events": ["insert"], "conditions": [], "question": "New {{ new.id }}"}');
select pg_temp.rule('{"name": "gone", "events": ["delete"], "conditions": [{"column": "id", "operator": ">", "value": 2}], "question": "Gone {{ old.id }}"}');
select tests.value_for('sam', 'with i as (insert into public.orders values (3, ''new'', null, 1) returning 1), d as (delete from public.orders where id = 2 returning 1) select count(*) from i, d');
delete from public.orders where id = 3;
select pg_temp.asked();
select is(pg_temp.history(), 'asked New 3, asked Gone 3', 'inserts and deletes of any person are asked, where the old row meets the condition');
select set_config('goalpost.row_changes', '', true);
insert into public.orders select n, 'new', 'n', 1 from generate_series(100, 1200) n;
select is((select format('%s %s', count(*), count(problem)) from goalpost_private.row_changes), '1001 1', 'of one transaction 1,000 changes are recorded, and one that the rest is left out');
select is((select count(*) from public.orders where id >= 100), 1101::bigint, 'and all rows are written');
select * from finish();
rollback;
