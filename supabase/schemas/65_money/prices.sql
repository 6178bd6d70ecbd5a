-- Prices ------------------------------------------------------------------------------------------------------

-- Returns the price of a model at a time: its own, that of its name without a date (…-20250929, …-2026-01-31,
-- …-latest), that of all models of its provider, or the ceiling, which has no valid_from. An unknown model is never
-- free.
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
    select p_provider, p_model, null, l.ceiling_input_microusd, l.ceiling_output_microusd, l.ceiling_input_microusd,
           l.ceiling_input_microusd, 'the ceiling: this model has no price', null, null
      into v_price from goalpost_private.limits l;
  end if;
  return v_price;
end
$$;

-- Formats micro-dollars as dollars, for people.
create function goalpost_private.dollars(p_microusd bigint) returns text
language sql immutable
set search_path = ''
as $$ select '$' || trim(to_char(p_microusd / 1000000.0, 'FM999999990.009999')) $$;

-- Describes a price for people, and, if it is the ceiling, how to set one.
create function goalpost_private.price_in_words(p_price goalpost.model_prices) returns text
language sql stable
set search_path = ''
as $$
  select format('%s/%s costs %s in and %s out for a million tokens%s', p_price.provider, p_price.model,
    goalpost_private.dollars(p_price.input_microusd), goalpost_private.dollars(p_price.output_microusd),
    case when p_price.valid_from is null then format(
      ': the ceiling, since it has no price; a project admin sets one with set_model_price(%L, %L, …), or 0 for all models of a free provider with set_model_price(%L, ''*'', 0, 0)',
      p_price.provider, p_price.model, p_price.provider) else '' end)
$$;

-- Returns the cost of tokens at a price per million, in micro-dollars, rounded up.
create function goalpost_private.cost_of_tokens(p_tokens bigint, p_microusd_per_million bigint) returns bigint
language sql immutable
set search_path = ''
as $$ select ceil(p_tokens::numeric * p_microusd_per_million / 1000000)::bigint $$;

-- Returns the cost of a turn's tokens at a price. Input tokens include the cached ones.
create function goalpost_private.cost_of_turn(p_turn goalpost.step_turns, p_price goalpost.model_prices) returns bigint
language sql immutable
set search_path = ''
as $$
  select goalpost_private.cost_of_tokens(
           greatest(p_turn.input_tokens - p_turn.cached_tokens - p_turn.cache_write_tokens, 0), p_price.input_microusd)
         + goalpost_private.cost_of_tokens(p_turn.cached_tokens, p_price.cached_microusd)
         + goalpost_private.cost_of_tokens(p_turn.cache_write_tokens, p_price.cache_write_microusd)
         + goalpost_private.cost_of_tokens(p_turn.output_tokens, p_price.output_microusd)
$$;

-- Returns the number of tokens that a provider may add to the request (tool descriptions, message marks), beyond the
-- request's bytes. Workers send the bytes alone.
create function goalpost_private.added_input_tokens() returns bigint
language sql immutable
set search_path = ''
as $$ select 1000::bigint $$;
