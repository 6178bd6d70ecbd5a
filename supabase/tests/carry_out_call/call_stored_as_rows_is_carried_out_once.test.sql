-- The effect and its record are written in one transaction.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
create or replace function goalpost_private.carry_out_ask_human(p_step goalpost.steps, p_call goalpost.tool_calls, p_now timestamptz) returns void
language sql as $$ update goalpost.tool_calls set state = 'done', result = '{"kept": 1}', ended_at = p_now where run_id = p_call.run_id and step_key = p_call.step_key and number = p_call.number;
                   insert into tests.asked (kind) values ('carried out') $$;
select tests.bare_call(tests.get('run'), 'a', 1, 'intended', '{"tool": "ask_human"}');
select tests.bare_call(tests.get('run'), 'a', 2, 'intended', '{"tool": "calculate"}');
select tests.bare_call(tests.get('run'), 'a', 3, 'waiting', '{"tool": "ask_human"}');
update goalpost.tool_calls set arguments = '{"question": "q"}' where run_id = tests.get('run') and step_key = 'a';
select is(goalpost_worker.carry_out_call(tests.get('run'), 'a', 1, 1) ->> 'state', 'done', 'a call of ask_human is carried out');
select is(goalpost_worker.carry_out_call(tests.get('run'), 'a', 1, 1) -> 'result', '{"kept": 1}', 'carrying out a call again returns the same result');
select is(goalpost_worker.carry_out_call(tests.get('run'), 'a', 1, 3) ->> 'state', 'waiting', 'a call that waits is left waiting');
select is((select count(*) from tests.asked), 1::bigint, 'the effect of the call happens once');
select is(tests.refusal(format('select goalpost_worker.carry_out_call(%s, ''a'', 1, 2)', tests.get('run'))), 'ZG003', 'a tool that SQL does not carry out is refused');
select tests.lose(tests.get('run'));
select is(tests.refusal(format('select goalpost_worker.carry_out_call(%s, ''a'', 1, 1)', tests.get('run'))), 'ZG009', 'a worker that lost the lease carries out nothing');

select * from finish();
rollback;
