-- What a step asks people while it is worked on: whether a call may be made, what became of one, a question of its own.

-- Opens a question for people. Returns its id.
create function goalpost_private.ask_person(
  p_step goalpost.steps, p_kind text, p_call_number integer, p_question text, p_shown jsonb, p_now timestamptz,
  p_options jsonb default '{}'
) returns bigint
language plpgsql
set search_path = ''
as $$
begin
  perform goalpost_private.refuse('ZG000', 'nobody can be asked yet');
  return null;
end
$$;
