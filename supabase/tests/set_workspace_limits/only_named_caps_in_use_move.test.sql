-- Caps of this month and this day move; those of another month or day and of other workspaces do not, and a limit that
-- is not named leaves the caps unchanged.
begin;
select plan(9);
select tests.world();

insert into goalpost.budgets (workspace_id, scope, key, cap_microusd, cap_tokens, created_at, spent_microusd, spent_tokens)
select tests.id_of('acme'), b.scope, b.key, 500, 500, now(), 10, 10
  from (values ('workspace_month', '2030-01'), ('workspace_month', '2029-12'), ('user_day', tests.id_of('mia') || '/2030-01-01'),
               ('user_day', tests.id_of('mia') || '/2029-12-31'), ('run', '17')) b (scope, key);
insert into goalpost.budgets (workspace_id, scope, key, cap_microusd, cap_tokens, created_at)
values (tests.id_of('elsewhere'), 'workspace_month', '2030-01', 500, 500, now());
create function pg_temp.set_as(p_name text, p_limits text) returns text language sql as $$
  select tests.refusal_for(p_name, format('select goalpost.set_workspace_limits(%L, %L)', tests.id_of('acme'), p_limits)) $$;
create function pg_temp.caps() returns text language sql as $$
  select string_agg(b.cap_microusd || '/' || b.cap_tokens, ' ' order by b.scope desc, b.key) from goalpost.budgets b
   where b.workspace_id = tests.id_of('acme') $$;

select is(pg_temp.caps(), '500/500 500/500 500/500 500/500 500/500', 'the caps of all months, days and requests begin equal');
select pg_temp.set_as('adam', '{"approve_plans": true}');
select is(pg_temp.caps(), '500/500 500/500 500/500 500/500 500/500', 'a limit that is no cap moves none');
select pg_temp.set_as('adam', '{"user_day_microusd": 700}');
select is(pg_temp.caps(), '500/500 500/500 500/500 700/100000000 500/500', 'a day''s cap moves those of today');
select pg_temp.set_as('adam', '{"workspace_month_tokens": 900}');
select is(pg_temp.caps(), '500/500 250000000/900 500/500 700/100000000 500/500', 'a month''s cap moves that of this month');
update goalpost.budgets set cap_microusd = 800 where workspace_id = tests.id_of('acme') and scope = 'user_day';
select pg_temp.set_as('adam', '{"workspace_month_microusd": 1000}');
select is(pg_temp.caps(), '500/500 1000/900 800/500 800/100000000 500/500', 'a month''s cap leaves a raised day''s cap unchanged');
select pg_temp.set_as('adam', '{"workspace_month_microusd": 3, "user_day_tokens": 3}');
select is(pg_temp.caps(), '500/500 10/900 800/500 700/10 500/500', 'no cap falls below what is spent');
select is((select b.cap_microusd from goalpost.budgets b where b.workspace_id = tests.id_of('elsewhere')), 500::bigint, 'another workspace keeps its cap');

select is(pg_temp.set_as('adam', '{"workspace_month_microusd": "all"}'), 'ZG003', 'a cap that is no number is refused like any other bad value');
select is(pg_temp.set_as('adam', '{"workspace_month_tokens": 10000000000}'), 'none', 'a month''s tokens may be set as high as the project''s');

select * from finish();
rollback;
