-- Calls that SQL carries out are checked there; the schema of an answer must be in the subset that SQL checks.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.agent_at_work());
create function pg_temp.carried_out(p_number integer, p_tool text, p_arguments jsonb) returns text language plpgsql as $$
begin
  perform tests.bare_call(tests.get('run'), 'a', p_number, 'intended', jsonb_build_object('tool', p_tool));
  update goalpost.tool_calls set arguments = p_arguments where run_id = tests.get('run') and step_key = 'a' and number = p_number;
  perform goalpost_worker.carry_out_call(tests.get('run'), 'a', 1, p_number);
  return (select c.state || coalesce(' ' || (c.error ->> 'code') || ': ' || (c.error ->> 'message'), '') from goalpost.tool_calls c
           where c.run_id = tests.get('run') and c.step_key = 'a' and c.number = p_number);
end $$;

select is(pg_temp.carried_out(1, 'ask_human', '{}'), 'failed invalid_arguments: the arguments needs question', 'a question without a text fails');
select is(pg_temp.carried_out(2, 'ask_human', '{"question": "q", "answer_schema": 7}'),
  'failed invalid_arguments: the arguments.answer_schema must be of the type object', 'a question whose answer schema is a number fails');
select alike(pg_temp.carried_out(3, 'ask_human', '{"question": "q", "answer_schema": {"type": "string", "pattern": "^a"}}'),
  'failed invalid_arguments: answer_schema uses pattern, which is not checked here; use type%', 'a question whose answer could not be checked fails');
select alike(pg_temp.carried_out(4, 'ask_human', '{"question": "q", "answer_schema": {"items": {"type": "text"}}}'),
  'failed invalid_arguments: answer_schema has a value of type that it cannot have', 'a question whose answer nothing could fit fails');
select is(pg_temp.carried_out(5, 'ask_human', '{"question": "q", "answer_schema": {"type": "integer", "minimum": 1}}'), 'waiting', 'a question with a schema of the subset waits');
select is(pg_temp.carried_out(6, 'ask_human', '{"question": "q"}'), 'waiting', 'a question without a schema waits');
select is((select count(*) from goalpost.approvals where run_id = tests.get('run') and step_key = 'a'), 2::bigint, 'only the two questions that wait have approvals');
select is(pg_temp.carried_out(7, 'delegate', '{"title": "t", "instructions": "i", "as": "nothing"}'),
  'failed invalid_arguments: the arguments.as must be one of ["step", "goal"]', 'a delegation as something unknown fails');
select is(pg_temp.carried_out(8, 'delegate', '{"title": "t", "instructions": "i", "as": "step"}'), 'waiting', 'a delegation whose arguments fit waits');

select * from finish();
rollback;
