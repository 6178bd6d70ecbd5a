-- A sub-goal's cap is at most the remaining cap of its own request, in money and in tokens; other requests of the
-- workspace do not matter.
begin;
select plan(4);
select tests.world();

select tests.price();
create function pg_temp.under(p_cap bigint, p_sub jsonb) returns bigint language plpgsql as $$
declare
  v_run_id bigint := tests.planned('sub', jsonb_build_object('sub', '{"kind": "subgoal"}'::jsonb
    || jsonb_build_object('input', '{"title": "Part", "description": "A part of it"}'::jsonb || jsonb_build_object('budget', p_sub))));
  v_below bigint := tests.run_below(v_run_id, 'sub');
begin
  perform goalpost_private.open_budgets(v_run_id, goalpost_private.clock());
  update goalpost.budgets b set cap_microusd = p_cap, cap_tokens = p_cap
   where b.scope = 'run' and b.key = (select r.root_run_id::text from goalpost.workflow_runs r where r.id = v_run_id);
  perform goalpost_private.open_budgets(v_below, goalpost_private.clock());
  return v_below;
end
$$;
create function pg_temp.cap(p_run_id bigint) returns text language sql as $$
  select b.cap_microusd || '/' || b.cap_tokens from goalpost.budgets b where b.scope = 'run' and b.key = p_run_id::text $$;
select is(pg_temp.cap(pg_temp.under(100, '{}')), '100/100', 'a sub-goal without a budget may use the remaining cap');
select is(pg_temp.cap(pg_temp.under(5000, '{"max_microusd": 9000, "max_tokens": 9000}')), '5000/5000', 'a larger budget is cut to the remaining cap');
select is(pg_temp.cap(pg_temp.under(7000, '{"max_microusd": 20, "max_tokens": 30}')), '20/30', 'a smaller budget of the sub-goal holds');
select is(pg_temp.cap(pg_temp.under(300, '{"max_tokens": 400}')), '300/300', 'the remaining caps of older requests do not matter');

select * from finish();
rollback;
