-- The agent's row decides, and the call names the rule.
begin;
select * from no_plan();
select tests.world();

insert into goalpost.tools (name, description, parameters, idempotent, writes) values ('ping', 'p', '{}', true, false);
insert into goalpost.agents (workspace_id, name, role, tools) values (tests.id_of('acme'), 'own', 'r', '{calculate,ghost}');
select tests.set('run', tests.agent_at_work('own'));
select tests.asks_model(tests.get('run'));
select tests.model_answers(tests.get('run'), 1, jsonb_build_array(
  jsonb_build_object('call_id', '1', 'tool', 'calculate'), jsonb_build_object('call_id', '2', 'tool', 'ping'),
  jsonb_build_object('call_id', '3', 'tool', 'ghost'), jsonb_build_object('call_id', '4', 'tool', 'submit_result'),
  jsonb_build_object('call_id', '5', 'tool', 'calculate', 'arguments', repeat('x', 70000))));
select is((select string_agg(concat_ws(':', c.state, c.rule, c.error ->> 'code'), ' ' order by c.number) from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key = 'a'),
          'intended:default denied:not_listed:tool_not_allowed denied:unknown_tool:tool_not_allowed intended:control failed:max_argument_bytes:arguments_too_large', 'each call has the state, rule and code that apply');
select is((tests.call_of(tests.get('run'), 2)).error ->> 'message', 'ping is not among the tools of this step; use one that you were given (rule not_listed)', 'the message of a denied call names tool and rule');
select is((tests.call_of(tests.get('run'), 5)).arguments, '{}', 'arguments over the bound are not kept');
select tests.asks_model(tests.get('run'), 'more');
select is(tests.refusal(format('select tests.model_answers(%s, 2, (select jsonb_agg(''{"tool": "calculate"}''::jsonb) from generate_series(1, 17)))', tests.get('run'))), 'ZG003', 'more than 16 calls of a turn are refused');
select is(tests.refusal(format('select tests.model_answers(%s, 2, ''{}'')', tests.get('run'))), 'ZG003', 'calls that are no list are refused');

select * from finish();
rollback;
