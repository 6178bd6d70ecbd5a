-- A dashboard webhook of a change that the trigger recorded asks nothing; without a trigger the first webhook asks.
begin;
select * from no_plan();
select tests.world(false);
insert into goalpost.project_admins values (tests.id_of('mia'));
create table public.orders (id integer primary key, status text, amount numeric, at timestamptz default '2030-01-01T00:00:00+02');
create function pg_temp.rule(p_more jsonb default '{}') returns void language sql as $$
  select tests.json_for('mia', format('select goalpost.set_request_rule(%L, %L)', tests.id_of('acme'),
    '{"name": "new", "table": "orders", "events": ["insert", "update"], "question": "Order {{ new.id }}"}'::jsonb || p_more)) $$;
-- What Supabase's own trigger function posts.
create table public.sent (id serial, payload text);
create function public.post() returns trigger language plpgsql as $$
begin
  insert into public.sent (payload) values (jsonb_build_object('old_record', old, 'record', new, 'type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema)::text);
  return new;
end $$;
create trigger hook after insert or update or delete on public.orders for each row execute function public.post();
create function pg_temp.deliver(p_id integer) returns text language sql as $$ select goalpost_worker.record_webhook((select payload from public.sent where id = p_id)) ->> 'recorded' $$;
create function pg_temp.history() returns text language sql as $$
  select goalpost_private.sweep(); select coalesce(string_agg(f.source || ' ' || f.outcome, ', ' order by f.id), 'none') from goalpost.rule_firings f $$;
select pg_temp.rule();
insert into public.orders values (1, 'a', 12345678901234567890.10);
select is(pg_temp.deliver(1), '1', 'a webhook is recorded for the rule');
select is(pg_temp.history(), 'trigger asked, webhook repeated', 'and is the change that the trigger recorded');
select is(pg_temp.deliver(1), '1', 'delivered again, later');
select is(pg_temp.history(), 'trigger asked, webhook repeated, webhook repeated', 'it is still the same');
update public.orders set status = 'b';
update public.orders set status = 'a';
update public.orders set status = 'b';
select pg_temp.deliver(2), pg_temp.deliver(3), pg_temp.deliver(4);
select is((select goalpost_private.sweep() is not null), true, 'three updates, of which two are alike');
select is((select count(*) from goalpost.requests where rule_depth = 1), 4::bigint, 'are three requests');

select pg_temp.rule('{"uses_trigger": false}');
delete from goalpost.rule_firings;
insert into public.orders values (2, 'a', 1);
select is((select count(*) from goalpost_private.row_changes), 0::bigint, 'a rule without a trigger records nothing by itself');
select pg_temp.deliver(5);
select is(pg_temp.history(), 'webhook asked', 'and asks for the webhook');
select pg_temp.deliver(5);
select is(pg_temp.history(), 'webhook asked, webhook repeated', 'once');
select tests.advance_clock('25 hours');
select pg_temp.deliver(5);
select is(pg_temp.history(), 'webhook asked, webhook repeated, webhook asked', 'a day later it is another change');
insert into public.orders values (3, 'a', 1);
select pg_temp.deliver(6);
select is(pg_temp.history(), 'webhook asked, webhook repeated, webhook asked, webhook asked', 'and so is another row');
delete from public.orders where id = 2;
select is(pg_temp.deliver(7), '0', 'an event that no rule names is recorded for none');
select is(goalpost_worker.record_webhook('{"type": "INSERT", "schema": "public", "table": "other", "record": {}, "old_record": null}') ->> 'recorded', '0', 'nor is a table that no rule names');
select throws_ok(format('select goalpost_worker.record_webhook(%L)', p), 'ZG003', null, format('%s is no webhook', left(p, 40)))
  from unnest(array['', 'x', '[]', 'null', '{}', '{"type": "TRUNCATE", "schema": "s", "table": "t"}', '{"type": "INSERT", "schema": 1, "table": "t"}', '{"type": "INSERT", "schema": "s"}', '{"type": "INSERT", "schema": "s", "table": "t", "record": 1}', '{"type": "INSERT", "schema": "s", "table": "t", "record": {}, "old_record": []}']) p;
select throws_ok('select goalpost_worker.record_webhook(null)', 'ZG003', null, 'a webhook has a body');
select * from finish();
rollback;
