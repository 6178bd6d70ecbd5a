-- A lesson that an agent wrote for others is received by five requests; a lesson of a person or for one goal by all.
begin;
select plan(9);
select tests.world();

create function pg_temp.asks() returns text language plpgsql as $$
declare
  v_run constant bigint := tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('analyst')));
begin
  perform tests.start(v_run, 'a'), tests.start(v_run, 'b');
  perform tests.set('last', v_run);
  return array_to_string(tests.recalled(v_run, 'a', 'invoice'), ', ');
end $$;
create function pg_temp.by_agent(p_memory bigint) returns void language sql as $$
  update goalpost.memories set run_id = tests.get('author'), step_key = 'a', call_number = p_memory where id = p_memory $$;

select tests.set('author', tests.planned('a', jsonb_build_object('a', tests.agent('analyst'))));
select tests.set('lesson', tests.memory('invoice lesson', 'workspace', '{"kind": "lesson"}'));
select pg_temp.by_agent(tests.get('lesson'));
select is((select array_agg(distinct pg_temp.asks()) from generate_series(1, 5)), array['invoice lesson'], 'five requests receive it');
select is(array_to_string(tests.recalled(tests.get('last'), 'b', 'invoice'), ', '), 'invoice lesson', 'the fifth receives it in every step');
select is(pg_temp.asks(), '', 'the sixth does not');
select pg_temp.by_agent(tests.memory('invoice rule', 'workspace', '{"kind": "lesson"}'));
select is(pg_temp.asks(), 'invoice rule', 'another lesson is tried by itself');
delete from goalpost.memories where text = 'invoice rule';
update goalpost.memories set scope = 'agent', agent_name = 'analyst' where id = tests.get('lesson');
select is(pg_temp.asks(), '', 'nor one for an agent');
update goalpost.memories set scope = 'user', agent_name = null, user_id = tests.id_of('mia') where id = tests.get('lesson');
select is(pg_temp.asks(), 'invoice lesson', 'one for the person is received further');
update goalpost.memories set scope = 'workspace', user_id = null, kind = 'fact' where id = tests.get('lesson');
select is(pg_temp.asks(), 'invoice lesson', 'and so is a fact');
update goalpost.memories set kind = 'lesson' where id = tests.get('lesson');
select is(pg_temp.asks(), '', 'a lesson is not');
update goalpost.memories set run_id = null, step_key = null, call_number = null where id = tests.get('lesson');
select is(pg_temp.asks(), 'invoice lesson', 'unless a person wrote it');

select * from finish();
rollback;
