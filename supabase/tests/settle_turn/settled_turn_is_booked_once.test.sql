begin;
select plan(5);
select tests.world();

select tests.price();
select tests.set('run', tests.working());
create function pg_temp.again(p_state text, p_input bigint) returns text language plpgsql as $$
declare
  v_turn goalpost.step_turns := tests.turn_of(tests.get('run'), 1);
begin
  v_turn.state := p_state;
  v_turn.input_tokens := p_input;
  v_turn.answer := case p_state when 'answered' then '{"text": "again"}'::jsonb end;
  v_turn.ended_at := now();
  perform goalpost_private.settle_turn(v_turn, true, goalpost_private.clock());
  return substring(tests.caps(tests.get('run')) from 'run ([0-9]+\+[0-9]+)');
end
$$;
select tests.reserve(tests.get('run'), 'a');
select is(pg_temp.again('unknown', 0), '2700+0', 'a turn with an unknown end counts as fully spent');
select is(pg_temp.again('unknown', 5), '2700+0', 'a second unknown end does not change the amount');
select is(pg_temp.again('answered', 400), '600+0', 'a known end replaces the estimate');
select is(pg_temp.again('answered', 900), '600+0', 'a second known end does not change the amount');
select is(pg_temp.again('unknown', 0), '600+0', 'an unknown end does not replace a known one');

select * from finish();
rollback;
