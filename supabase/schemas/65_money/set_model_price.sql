-- Sets the price of a model from now or from a later time on, in micro-dollars for a million tokens. `*`: all models of
-- the provider. Reading from a provider's cache and writing to it default to the input price. Earlier calls keep their
-- price: a time in the past is refused (ZG003). 0 declares a model free, such as one on a server of one's own. The
-- model's maximum input and output stay unless given. Safe to repeat. Raises ZG002, ZG003. Definer: people may not
-- write prices.
create function goalpost_private.set_model_price(
  p_provider text, p_model text, p_input_microusd bigint, p_output_microusd bigint, p_cached_microusd bigint,
  p_cache_write_microusd bigint, p_valid_from timestamptz, p_source text, p_context_tokens bigint, p_max_output_tokens bigint
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_at constant timestamptz := coalesce(p_valid_from, v_now);
  v_known constant goalpost.model_prices := goalpost_private.price_of(p_provider, p_model, v_at);
  v_price goalpost.model_prices;
begin
  perform goalpost_private.require_setter(null);
  if coalesce(length(p_provider), 0) not between 1 and 100 or coalesce(length(p_model), 0) not between 1 and 200
     or p_input_microusd is null or p_output_microusd is null
     or least(p_input_microusd, p_output_microusd, p_cached_microusd, p_cache_write_microusd) < 0
     or greatest(p_input_microusd, p_output_microusd, p_cached_microusd, p_cache_write_microusd) > 100000000000
     or least(p_context_tokens, p_max_output_tokens) < 1 or greatest(p_context_tokens, p_max_output_tokens) > 1000000000 then
    perform goalpost_private.refuse('ZG003',
      'a price has a provider, a model (or *), and micro-dollars for a million tokens in and out: 3000000 are $3');
  end if;
  if p_valid_from < v_now then
    perform goalpost_private.refuse('ZG003', 'a price holds from now on, or from a later time',
      'what was asked before keeps the price that it was asked at');
  end if;
  insert into goalpost.model_prices
    (provider, model, valid_from, input_microusd, output_microusd, cached_microusd, cache_write_microusd, source,
     context_tokens, max_output_tokens)
  values
    (p_provider, p_model, v_at, p_input_microusd, p_output_microusd,
     coalesce(p_cached_microusd, p_input_microusd), coalesce(p_cache_write_microusd, p_input_microusd),
     coalesce(left(p_source, 500), 'set by ' || auth.uid()),
     coalesce(p_context_tokens, case v_known.model when p_model then v_known.context_tokens end),
     coalesce(p_max_output_tokens, case v_known.model when p_model then v_known.max_output_tokens end))
  on conflict (provider, model, valid_from) do update
    set input_microusd = excluded.input_microusd, output_microusd = excluded.output_microusd,
        cached_microusd = excluded.cached_microusd, cache_write_microusd = excluded.cache_write_microusd, source = excluded.source,
        context_tokens = excluded.context_tokens, max_output_tokens = excluded.max_output_tokens
  returning * into v_price;
  return to_jsonb(v_price);
end
$$;

create function goalpost.set_model_price(
  p_provider text, p_model text, p_input_microusd bigint, p_output_microusd bigint, p_cached_microusd bigint default null,
  p_cache_write_microusd bigint default null, p_valid_from timestamptz default null, p_source text default null,
  p_context_tokens bigint default null, p_max_output_tokens bigint default null
) returns jsonb language sql set search_path = ''
as $$
  select goalpost_private.set_model_price(
    p_provider, p_model, p_input_microusd, p_output_microusd, p_cached_microusd, p_cache_write_microusd, p_valid_from, p_source,
    p_context_tokens, p_max_output_tokens)
$$;
