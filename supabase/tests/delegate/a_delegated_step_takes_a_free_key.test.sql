-- A plan may have a step under the key that a delegated step would take: another key is taken, however many are in use.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('research, research_call_1, research_call_1_2', jsonb_build_object('research', tests.agent('analyst'))));
select tests.start(tests.get('run'), 'research');
select tests.planned('research_call_2');
create function pg_temp.delegate(p_key text, p_number integer) returns text language plpgsql as $$
begin
  perform tests.wish(tests.get('run'), p_key, p_number, 'delegate', '{"title": "t", "instructions": "i", "as": "step"}');
  perform goalpost_private.carry_out_delegate(tests.step(tests.get('run'), p_key), tests.the_call(tests.get('run'), p_key, p_number), goalpost_private.clock());
  return (tests.the_call(tests.get('run'), p_key, p_number)).works_in_step;
end
$$;
select is(pg_temp.delegate('research', 1), 'research_call_1_3', 'a delegated step takes the first key that is free');
select is(pg_temp.delegate('research', 2), 'research_call_2', 'a key that is free in the run is taken as it is');

-- Long keys have the same beginning.
update goalpost.steps set key = repeat('x', 62) || n from unnest(array['1', '2']) n where run_id = tests.get('run') and key = case n when '1' then 'research_call_1' else 'research_call_1_2' end;
update goalpost.steps set agent_id = (tests.step(tests.get('run'), 'research')).agent_id where run_id = tests.get('run') and key like 'xx%';
select is(pg_temp.delegate(repeat('x', 62) || '1', 1), repeat('x', 44) || '_call_1', 'a long key is shortened');
select is(pg_temp.delegate(repeat('x', 62) || '2', 1), repeat('x', 44) || '_call_1_2', 'a shortened key that is in use is not taken again');

select * from finish();
rollback;
