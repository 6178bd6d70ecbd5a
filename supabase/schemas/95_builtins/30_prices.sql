-- What models cost where this was released: for a start, and to be kept up to date with set_model_price. Micro-dollars
-- for a million tokens, as the providers' public price lists said in November 2026; standard tier, prompts of ordinary
-- length; where long prompts cost more, the dearer of the two. Cache writes are those for five minutes.
insert into goalpost.model_prices
  (provider, model, valid_from, input_microusd, output_microusd, cached_microusd, cache_write_microusd, source)
select p.provider, p.model, '2026-11-01 00:00:00+00', p.input, p.output, p.cached, p.cache_write,
       case p.provider when 'anthropic' then 'https://platform.claude.com/docs/en/about-claude/pricing'
                       when 'openai' then 'https://developers.openai.com/api/docs/pricing'
                       else 'nobody is asked' end
  from (values
    ('anthropic', 'claude-opus-5', 5000000, 25000000, 500000, 6250000),
    ('anthropic', 'claude-opus-4-8', 5000000, 25000000, 500000, 6250000),
    ('anthropic', 'claude-opus-4-7', 5000000, 25000000, 500000, 6250000),
    ('anthropic', 'claude-opus-4-6', 5000000, 25000000, 500000, 6250000),
    ('anthropic', 'claude-opus-4-5', 5000000, 25000000, 500000, 6250000),
    ('anthropic', 'claude-sonnet-5-5', 2000000, 10000000, 200000, 2500000),
    ('anthropic', 'claude-haiku-5-5', 500000, 2500000, 50000, 625000),
    ('anthropic', 'claude-sonnet-5', 2000000, 10000000, 200000, 2500000),
    ('anthropic', 'claude-sonnet-4-6', 3000000, 15000000, 300000, 3750000),
    ('anthropic', 'claude-sonnet-4-5', 3000000, 15000000, 300000, 3750000),
    ('anthropic', 'claude-haiku-4-5', 1000000, 5000000, 100000, 1250000),
    ('openai', 'gpt-5.5', 5000000, 30000000, 500000, 5000000),
    ('openai', 'gpt-5.4', 2500000, 15000000, 250000, 2500000),
    ('openai', 'gpt-5.4-mini', 750000, 4500000, 75000, 750000),
    ('openai', 'gpt-5', 1250000, 10000000, 125000, 1250000),
    ('openai', 'gpt-5-mini', 250000, 2000000, 25000, 250000),
    ('openai', 'gpt-4.1', 2000000, 8000000, 500000, 2000000),
    ('openai', 'gpt-4o-mini', 150000, 600000, 75000, 150000),
    ('offline', '*', 0, 0, 0, 0)) p (provider, model, input, output, cached, cache_write);
