-- The capabilities of model servers travel with calls that are made anyway: begin_turn returns those of the call's
-- endpoint, and end_turn stores those that the worker sends as "learned".

-- Returns the stored capabilities for the server and the model of a call; null if it names no endpoint, or none are
-- valid.
create function goalpost_private.capabilities_for(p_ask jsonb, p_now timestamptz) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
           'output_format', c.output_format, 'limit_parameter', c.limit_parameter,
           'max_output_tokens', c.max_output_tokens, 'context_tokens', c.context_tokens,
           'reasons_with_tools', c.reasons_with_tools))
    from goalpost_private.model_capabilities c
   cross join goalpost_private.limits l
   where c.provider = p_ask ->> 'provider' and c.endpoint = p_ask ->> 'endpoint' and c.model = p_ask ->> 'model'
     and c.learned_at > p_now - l.capabilities_lifetime
$$;

-- Stores the capabilities that a worker learned: {"endpoint", "capabilities": {…}}, for the provider and model of its
-- turn. Values of a wrong type are skipped: they only serve the next call, and must not fail the end of a turn. An
-- expired row is replaced as a whole; other expired rows are deleted unless they are locked. Locks the row, after all
-- other locks.
create function goalpost_private.store_capabilities(p_turn goalpost.step_turns, p_learned jsonb, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_given constant jsonb := p_learned -> 'capabilities';
  v_expired constant timestamptz := p_now - (select l.capabilities_lifetime from goalpost_private.limits l);
begin
  if jsonb_typeof(v_given) is distinct from 'object' or length(p_learned ->> 'endpoint') between 1 and 300 is not true then
    return;
  end if;
  insert into goalpost_private.model_capabilities as c
    (provider, endpoint, model, output_format, limit_parameter, max_output_tokens, context_tokens, reasons_with_tools, learned_at)
  select p_turn.provider, p_learned ->> 'endpoint', p_turn.model,
         case when v_given ->> 'output_format' in ('json_schema', 'json_object', 'prompt') then v_given ->> 'output_format' end,
         case when v_given ->> 'limit_parameter' in ('max_tokens', 'max_completion_tokens') then v_given ->> 'limit_parameter' end,
         case when v_given ->> 'max_output_tokens' ~ '^[1-9][0-9]{0,9}$' then (v_given ->> 'max_output_tokens')::bigint end,
         case when v_given ->> 'context_tokens' ~ '^[1-9][0-9]{0,9}$' then (v_given ->> 'context_tokens')::bigint end,
         case when v_given ->> 'reasons_with_tools' in ('true', 'false') then (v_given ->> 'reasons_with_tools')::boolean end,
         p_now
  on conflict (provider, endpoint, model) do update
     set output_format = case when c.learned_at > v_expired then coalesce(excluded.output_format, c.output_format) else excluded.output_format end,
         limit_parameter = case when c.learned_at > v_expired then coalesce(excluded.limit_parameter, c.limit_parameter) else excluded.limit_parameter end,
         max_output_tokens = case when c.learned_at > v_expired then coalesce(excluded.max_output_tokens, c.max_output_tokens) else excluded.max_output_tokens end,
         context_tokens = case when c.learned_at > v_expired then coalesce(excluded.context_tokens, c.context_tokens) else excluded.context_tokens end,
         reasons_with_tools = case when c.learned_at > v_expired then coalesce(excluded.reasons_with_tools, c.reasons_with_tools) else excluded.reasons_with_tools end,
         learned_at = case when c.learned_at > v_expired then c.learned_at else excluded.learned_at end;
  delete from goalpost_private.model_capabilities c
   using (select o.provider, o.endpoint, o.model from goalpost_private.model_capabilities o
           where o.learned_at <= v_expired for update skip locked) e
   where c.provider = e.provider and c.endpoint = e.endpoint and c.model = e.model;
end
$$;
