-- Prices ------------------------------------------------------------------------------------------------------

-- What a model costs at a time: its own price, that of its name without a date (…-20250929, …-2026-01-31, …-latest),
-- that of all models of its provider, or the ceiling. Never nothing because nothing is known.
create function goalpost_private.price_of(p_provider text, p_model text, p_at timestamptz) returns goalpost.model_prices
language plpgsql stable
set search_path = ''
as $$
declare
  v_price goalpost.model_prices;
begin
  select p.* into v_price
    from goalpost.model_prices p
   where p.provider = p_provider and p.valid_from <= p_at
     and p.model in (p_model, regexp_replace(p_model, '-([0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}|latest)$', ''), '*')
   order by p.model = p_model desc, p.model = '*', p.valid_from desc
   limit 1;
  if not found then
    select p_provider, p_model, p_at, l.ceiling_input_microusd, l.ceiling_output_microusd, l.ceiling_input_microusd,
           l.ceiling_input_microusd, 'the ceiling: this model has no price'
      into v_price from goalpost_private.limits l;
  end if;
  return v_price;
end
$$;

-- So many tokens at a price for a million of them, in micro-dollars, rounded up.
create function goalpost_private.cost_of_tokens(p_tokens bigint, p_microusd_per_million bigint) returns bigint
language sql immutable
set search_path = ''
as $$ select ceil(p_tokens::numeric * p_microusd_per_million / 1000000)::bigint $$;

-- What a turn's tokens cost at the price that held when it was asked. Tokens in count the cached ones.
create function goalpost_private.cost_of_turn(p_turn goalpost.step_turns) returns bigint
language sql stable
set search_path = ''
as $$
  select goalpost_private.cost_of_tokens(
           greatest(p_turn.input_tokens - p_turn.cached_tokens - p_turn.cache_write_tokens, 0), (p).input_microusd)
         + goalpost_private.cost_of_tokens(p_turn.cached_tokens, (p).cached_microusd)
         + goalpost_private.cost_of_tokens(p_turn.cache_write_tokens, (p).cache_write_microusd)
         + goalpost_private.cost_of_tokens(p_turn.output_tokens, (p).output_microusd)
    from goalpost_private.price_of(p_turn.provider, p_turn.model, p_turn.asked_at) p
$$;

-- Tokens that a provider may add to what it was sent (how tools are explained to the model, message marks), beyond the
-- bytes of the request.
create function goalpost_private.added_input_tokens() returns bigint
language sql immutable
set search_path = ''
as $$ select 1000::bigint $$;
