-- The cap counts bytes of text: a result of exactly that size is accepted, in a batch as alone.
begin;
select plan(6);
select tests.world();
update goalpost_private.limits set max_result_bytes = 1000;

create function pg_temp.text_of(p_bytes integer) returns jsonb language sql as $$ select to_jsonb(repeat('x', p_bytes - 2)) $$;
create function pg_temp.ended(p_kind text, p_bytes integer) returns text language plpgsql as $$
declare
  v_run_id bigint := tests.bare_run();
begin
  perform tests.bare_step(v_run_id, 'z', 'running', p_kind);
  perform tests.finish(v_run_id, 'z', 'completed', jsonb_build_object('result', pg_temp.text_of(p_bytes)));
  return tests.state(v_run_id, 'z');
end
$$;
select is(octet_length(pg_temp.text_of(1000)::text), 1000, 'a result of 1000 bytes is at the cap');
select is(pg_temp.ended('tool', 1000), 'completed', 'a result at the cap completes its step');
select is(pg_temp.ended('tool', 1001), 'failed', 'a result one byte beyond the cap fails its step');
select is(pg_temp.ended('agent', 1000), 'completed', 'a result at the cap completes an agent''s step');
select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'z', 'running', 'approval');
select is(tests.finish(tests.get('run'), 'z', 'completed', jsonb_build_object('result', pg_temp.text_of(1000))), 'accepted', 'a result at the cap is accepted outside the batch path');
select is(tests.state(tests.get('run'), 'z'), 'completed', 'a result at the cap completes a step outside the batch path');

select * from finish();
rollback;
