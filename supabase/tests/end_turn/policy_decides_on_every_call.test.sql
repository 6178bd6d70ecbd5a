-- allow, needs_approval and deny are stored in rows that a person can read.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.policy_decides('needs_approval', 'writes_need_one', 'May it?');
select tests.asks_model(tests.get('run'));
select tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "calculate", "arguments": {"expression": "2"}}]');
select is((select (c.state, c.rule)::text from tests.call_of(tests.get('run'), 1) c), '(waiting,writes_need_one)', 'a call that needs approval waits under its rule');
select is((select jsonb_build_array(a.kind, a.call_number, a.question, a.shown) from tests.asked a),
          '["tool_call", 1, "May it?", {"rule": "writes_need_one", "tool": "calculate", "arguments": {"expression": "2"}}]', 'the approval shows the rule, the tool and the arguments');
select tests.policy_decides('deny', 'never', 'Not this');
select tests.asks_model(tests.get('run'), 'more');
select tests.model_answers(tests.get('run'), 2, '[{"call_id": "x", "tool": "calculate"}]');
select is((select (c.state, c.rule, c.error ->> 'code', c.error ->> 'message', c.ended_at is null)::text from tests.call_of(tests.get('run'), 2) c),
          '(denied,never,tool_denied,"Not this (rule never)",f)', 'a denied call''s message names the rule');
select tests.policy_decides('perhaps');
select tests.asks_model(tests.get('run'), 'again');
select tests.model_answers(tests.get('run'), 3, '[{"call_id": "x", "tool": "calculate"}]');
select is((tests.call_of(tests.get('run'), 3)).state, 'denied', 'an unknown decision denies the call');

select * from finish();
rollback;
