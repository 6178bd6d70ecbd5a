-- Fail closed, at the very edge, with the cap's name and what to do; each cap in money and in tokens.
begin;
select * from no_plan();
select tests.world(p_bystanders => false);

select tests.price();
create temp table cap (scope text, money text, tokens text);
insert into cap values ('run', 'goal_budget_microusd', 'goal_budget_tokens'), ('user_day', 'user_day_microusd', 'user_day_tokens'), ('workspace_month', 'workspace_month_microusd', 'workspace_month_tokens');
create function pg_temp.tried(p_column text, p_cap bigint) returns text language plpgsql as $$
declare
  v_run bigint;
  v_said jsonb;
begin
  execute format('update goalpost.workspaces set %I = %s where id = %L', p_column, p_cap, tests.id_of('acme'));
  v_run := tests.working();
  v_said := tests.reserve(v_run, 'a');
  raise exception using errcode = 'TT001', message = coalesce(v_said #>> '{refused,cap}', 'asked') || ' ' || (select sum(reserved_microusd) from goalpost.budgets);
exception when sqlstate 'TT001' then return sqlerrm;
end $$;
select is(pg_temp.tried(money, 2700), 'asked 8100', scope || ': exactly enough money') from cap;
select is(pg_temp.tried(money, 2699), scope || ' 0', scope || ': one too little') from cap;
select is(pg_temp.tried(money, 0), scope || ' 0', scope || ': none') from cap;
select is(pg_temp.tried(tokens, 2100), 'asked 8100', scope || ': exactly enough tokens') from cap;
select is(pg_temp.tried(tokens, 2099), scope || ' 0', scope || ': one too few') from cap;

update goalpost.workspaces set goal_budget_microusd = 1000 where id = tests.id_of('acme');
select tests.set('run', tests.working());
select is(tests.reserve(tests.get('run'), 'a') -> 'refused' ->> 'code', 'budget_exhausted', 'a code');
select is(tests.reserve(tests.get('run'), 'a') -> 'refused' ->> 'retryable', 'false', 'trying again does not help');
select matches(tests.reserve(tests.get('run'), 'a') -> 'refused' ->> 'message', 'the cap of this request is used up: \$0.00 of \$0.001 .* may take \$0.0027', 'in words');

-- The run's end says so.
select tests.set('goal', tests.planned('a'));
select tests.fail(tests.get('goal'), 'a', '{"code": "budget_exhausted", "message": "the cap of this request is used up", "retryable": false}');
select tests.report_failure(tests.get('goal'));
select is((tests.request_of(tests.get('goal'))).reason, 'budget_exhausted: the cap of this request is used up', 'a typed reason');
select tests.set('above', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('above'), 'sub'));
select tests.fail(tests.get('below'), 'plan', '{"code": "budget_exhausted", "message": "used up", "retryable": false}');
select is((tests.step(tests.get('above'), 'sub')).error ->> 'code', 'budget_exhausted', 'a sub-goal''s code reaches the step above');
select tests.report_failure(tests.get('above'));
select is((tests.request_of(tests.get('above'))).reason_code, 'budget_exhausted', 'the code reaches the request');
-- A step that fails with words that look like it has its own code.
select tests.set('odd', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select tests.fail(tests.run_below(tests.get('odd'), 'sub'), 'plan', '{"code": "other", "message": "budget_exhausted: so it says", "retryable": false}');
select is((tests.step(tests.get('odd'), 'sub')).error ->> 'code', 'sub_goal_failed', 'the words of a reason decide nothing');
select matches((tests.request_of(tests.get('above'))).reason, '^budget_exhausted: ', 'and the request');

-- The message names the price that was used, and how to set one where there is none.
select matches(tests.reserve(tests.get('run'), 'a', 1000, 100) #>> '{refused,message}', 'p/m costs \$1.00 in and \$2.00 out for a million tokens\)', 'the refusal names the price that was used');
select matches(tests.reserve(tests.get('run'), 'a', 1000, 100, 'nameless') #>> '{refused,message}', 'p/nameless costs \$15.00 in and \$75.00 out .*the ceiling.*set_model_price\(''p'', ''nameless''.*set_model_price\(''p'', ''\*'', 0, 0\)', 'the refusal of a model without a price says how to set it');

select * from finish();
rollback;
