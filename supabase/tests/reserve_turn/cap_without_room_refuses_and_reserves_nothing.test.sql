-- A call is refused exactly beyond the cap, with the cap's name and a remedy; each cap in money and in tokens.
begin;
select * from no_plan();
select tests.world(p_bystanders => false);

select tests.price();
create temp table cap (scope text, money text, tokens text);
insert into cap values ('run', 'goal_budget_microusd', 'goal_budget_tokens'), ('user_day', 'user_day_microusd', 'user_day_tokens'), ('workspace_month', 'workspace_month_microusd', 'workspace_month_tokens');
create function pg_temp.tried(p_column text, p_cap bigint) returns text language plpgsql as $$
declare
  v_run bigint;
  v_reply jsonb;
begin
  execute format('update goalpost.workspaces set %I = %s where id = %L', p_column, p_cap, tests.id_of('acme'));
  v_run := tests.working();
  v_reply := tests.reserve(v_run, 'a');
  raise exception using errcode = 'TT001', message = coalesce(v_reply #>> '{refused,cap}', 'asked') || ' ' || (select sum(reserved_microusd) from goalpost.budgets);
exception when sqlstate 'TT001' then return sqlerrm;
end $$;
select is(pg_temp.tried(money, 2700), 'asked 8100', scope || ': exactly enough money is reserved') from cap;
select is(pg_temp.tried(money, 2699), scope || ' 0', scope || ': one micro-dollar too little is refused') from cap;
select is(pg_temp.tried(money, 0), scope || ' 0', scope || ': a cap of zero is refused') from cap;
select is(pg_temp.tried(tokens, 2100), 'asked 8100', scope || ': exactly enough tokens are reserved') from cap;
select is(pg_temp.tried(tokens, 2099), scope || ' 0', scope || ': one token too few is refused') from cap;

update goalpost.workspaces set goal_budget_microusd = 1000 where id = tests.id_of('acme');
select tests.set('run', tests.working());
select is(tests.reserve(tests.get('run'), 'a') -> 'refused' ->> 'code', 'budget_exhausted', 'the refusal has the code budget_exhausted');
select is(tests.reserve(tests.get('run'), 'a') -> 'refused' ->> 'retryable', 'false', 'the refusal is marked as not retryable');
select matches(tests.reserve(tests.get('run'), 'a') -> 'refused' ->> 'message', 'the cap of this request is used up: \$0.00 of \$0.001 .* may take \$0.0027', 'the refusal message names cap, spending and maximum cost');

-- The reason of the run contains the code.
select tests.set('goal', tests.planned('a'));
select tests.fail(tests.get('goal'), 'a', '{"code": "budget_exhausted", "message": "the cap of this request is used up", "retryable": false}');
select tests.report_failure(tests.get('goal'));
select is((tests.request_of(tests.get('goal'))).reason, 'budget_exhausted: the cap of this request is used up', 'the reason of the request contains the code');
select tests.set('above', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('above'), 'sub'));
select tests.fail(tests.get('below'), 'plan', '{"code": "budget_exhausted", "message": "used up", "retryable": false}');
select is((tests.step(tests.get('above'), 'sub')).error ->> 'code', 'budget_exhausted', 'the code of a sub-goal reaches the step above');
select tests.report_failure(tests.get('above'));
select is((tests.request_of(tests.get('above'))).reason_code, 'budget_exhausted', 'the code reaches the request');
-- A step whose message looks like the code keeps its own code.
select tests.set('odd', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select tests.fail(tests.run_below(tests.get('odd'), 'sub'), 'plan', '{"code": "other", "message": "budget_exhausted: only in words", "retryable": false}');
select is((tests.step(tests.get('odd'), 'sub')).error ->> 'code', 'sub_goal_failed', 'a message that looks like the code does not count');
select matches((tests.request_of(tests.get('above'))).reason, '^budget_exhausted: ', 'the reason of the request above contains the code');

-- The message names the price that was used, and how to set one where there is none.
select matches(tests.reserve(tests.get('run'), 'a', 1000, 100) #>> '{refused,message}', 'p/m costs \$1.00 in and \$2.00 out for a million tokens\)', 'the refusal names the price that was used');
select matches(tests.reserve(tests.get('run'), 'a', 1000, 100, 'nameless') #>> '{refused,message}', 'p/nameless costs \$15.00 in and \$75.00 out .*the ceiling.*set_model_price\(''p'', ''nameless''.*set_model_price\(''p'', ''\*'', 0, 0\)', 'the refusal without a price explains how to set one');

select * from finish();
rollback;
