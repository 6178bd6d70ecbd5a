-- A thousand random calls and ends over a tree of runs, people and workspaces with caps at the edge. Throughout, spent
-- and reserved amounts are within every cap, reserved is the sum of open calls, and spent is the sum of booked usage.
begin;
select plan(8);
select tests.world(p_bystanders => false);

select tests.price();
select setseed(0.4711);
update goalpost.workspaces set workspace_month_microusd = 150000, user_day_microusd = 90000, goal_budget_microusd = 30000, goal_budget_tokens = 60000;
create temp table work (run_id bigint);
insert into work select tests.working(p, w, case when n % 3 = 0 then '{"max_microusd": 9000}'::jsonb else '{}' end)
  from generate_series(1, 6) n, (values ('mia', 'acme'), ('petra', 'acme'), ('sam', 'elsewhere')) v (p, w);
create temp table seen (refused bigint default 0, asked bigint default 0, ended bigint default 0, wrong text[] default '{}');
insert into seen default values;
create function pg_temp.wrong() returns text[] language sql as $$
  select array(select 'cap ' || b.scope || b.key from goalpost.budgets b
                where b.spent_microusd + b.reserved_microusd > b.cap_microusd or b.spent_tokens + b.reserved_tokens > b.cap_tokens)
         || tests.unbalanced()
$$;
do $$
declare
  v_run bigint;
  v_turn goalpost.step_turns;
  v_reply jsonb;
begin
  for n in 1 .. 1000 loop
    if random() < 0.55 then
      select run_id into v_run from work order by random() limit 1;
      -- A step that waits for money is set to running again, so that it can make another call.
      update goalpost.steps set state = 'ready' where run_id = v_run and state = 'waiting';
      update goalpost.steps set state = 'running', lease_expires_at = goalpost_private.clock() + interval '1 hour', started_at = goalpost_private.clock(), run_after = goalpost_private.clock()
       where run_id = v_run and state <> 'running';
      v_reply := tests.reserve(v_run, 'a', (random() * 3000)::bigint, (random() * 500)::bigint, case when random() < 0.02 then 'costly' else 'm' end);
      update seen set refused = refused + (v_reply ? 'refused')::integer, asked = asked + (v_reply ? 'number')::integer;
    else
      select * into v_turn from goalpost.step_turns where state in ('asked', 'unknown') order by random() limit 1;
      continue when not found;
      -- Some leases are lost first: their end comes late, once or twice.
      if random() < 0.3 then
        update goalpost.steps set lease_epoch = lease_epoch + 1 where run_id = v_turn.run_id;
      end if;
      perform tests.end_turn(v_turn.run_id, v_turn.step_key, v_turn.number, case floor(random() * 5)::integer
        when 0 then tests.no_end()
        when 1 then '{"error": {"code": "overloaded"}, "charged": "no"}'
        else tests.answer((random() * 1.2 * v_turn.max_input_tokens)::bigint, (random() * 1.2 * v_turn.max_output_tokens)::bigint, (random() * 100)::bigint, (random() * 100)::bigint) end);
      update seen set ended = ended + 1;
    end if;
    if n % 100 = 0 then
      update seen set wrong = wrong || pg_temp.wrong();
    end if;
  end loop;
end
$$;
select is((select wrong from seen), '{}', 'no cap was exceeded and the books balanced throughout');
select ok((select asked from seen) > 100, 'more than a hundred calls are reserved');
select ok((select refused from seen) > 100, 'more than a hundred calls are refused');
select ok((select ended from seen) > 100, 'more than a hundred calls are ended');
select is((select sum(cost_microusd) from goalpost.usage_events), (select sum(cost_microusd) from goalpost.step_turns), 'usage is the sum of the turns'' costs');
select is((select sum(spent_microusd) from goalpost.budgets where scope = 'workspace_month'), (select sum(cost_microusd) from goalpost.usage_events), 'the months have spent the sum of usage');
select is((select count(distinct scope) from goalpost.budgets b where b.cap_microusd - b.spent_microusd - b.reserved_microusd < 6000), 3::bigint, 'each kind of cap came near its limit');

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;
