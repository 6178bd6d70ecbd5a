-- Policy: whether a call of a tool may be made, decided by rows and code and never by a model.

-- Whether a call may be made: allow | needs_approval | deny, with the name of the rule that says so.
create function goalpost_private.decide_call(
  p_step goalpost.steps, p_call goalpost.tool_calls, p_now timestamptz,
  out decision text, out rule text, out message text
)
language plpgsql stable
set search_path = ''
as $$
begin
  decision := 'allow';
  rule := 'default';
end
$$;

-- Whether a step has read what strangers may have written.
create function goalpost_private.is_tainted(p_step goalpost.steps) returns boolean
language sql stable
set search_path = ''
as $$ select false $$;
