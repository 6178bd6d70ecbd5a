-- Prices of models at the time of the release: a start, to be kept up to date with set_model_price. Micro-dollars for a
-- million tokens, as in the providers' public price lists of November 2026; standard tier, prompts of ordinary length;
-- where long prompts cost more, the higher price. Cache writes are those for five minutes. With each price are the
-- maximum input and output tokens of the model, without beta headers, from the providers' lists of models:
-- platform.claude.com/docs/en/about-claude/models/overview and developers.openai.com/api/docs/models. They are left out
-- where the lists were not certain; then the bounds of the request apply.
insert into goalpost.model_prices
  (provider, model, valid_from, input_microusd, output_microusd, cached_microusd, cache_write_microusd, source,
   context_tokens, max_output_tokens)
select p.provider, p.model, '2026-11-01 00:00:00+00', p.input, p.output, p.cached, p.cache_write,
       case p.provider when 'anthropic' then 'https://platform.claude.com/docs/en/about-claude/pricing'
                       else 'https://developers.openai.com/api/docs/pricing' end,
       p.context, p.most_output
  from (values
    ('anthropic', 'claude-fable-5-1', 10000000, 50000000, 1000000, 12500000, 1000000, 128000),
    ('anthropic', 'claude-fable-5', 10000000, 50000000, 1000000, 12500000, 1000000, 128000),
    ('anthropic', 'claude-opus-5-5', 4000000, 20000000, 400000, 5000000, 1000000, 128000),
    ('anthropic', 'claude-opus-5', 5000000, 25000000, 500000, 6250000, 1000000, 128000),
    ('anthropic', 'claude-opus-4-8', 5000000, 25000000, 500000, 6250000, null, null),
    ('anthropic', 'claude-opus-4-7', 5000000, 25000000, 500000, 6250000, null, null),
    ('anthropic', 'claude-opus-4-6', 5000000, 25000000, 500000, 6250000, 1000000, 128000),
    ('anthropic', 'claude-opus-4-5', 5000000, 25000000, 500000, 6250000, 200000, 64000),
    ('anthropic', 'claude-opus-4-1', 15000000, 75000000, 1500000, 18750000, 200000, 32000),
    ('anthropic', 'claude-opus-4', 15000000, 75000000, 1500000, 18750000, 200000, 32000),
    ('anthropic', 'claude-sonnet-5-5', 2000000, 10000000, 200000, 2500000, null, null),
    ('anthropic', 'claude-sonnet-5', 2000000, 10000000, 200000, 2500000, 1000000, 128000),
    ('anthropic', 'claude-sonnet-4-6', 3000000, 15000000, 300000, 3750000, null, null),
    ('anthropic', 'claude-sonnet-4-5', 3000000, 15000000, 300000, 3750000, 200000, 64000),
    ('anthropic', 'claude-sonnet-4', 3000000, 15000000, 300000, 3750000, 200000, 64000),
    ('anthropic', 'claude-haiku-5-5', 500000, 2500000, 50000, 625000, null, null),
    ('anthropic', 'claude-haiku-4-5', 1000000, 5000000, 100000, 1250000, 200000, 64000),
    ('anthropic', 'claude-3-5-haiku', 800000, 4000000, 80000, 1000000, 200000, 8192),
    ('openai', 'gpt-5.5', 5000000, 30000000, 500000, 5000000, null, null),
    ('openai', 'gpt-5.4', 2500000, 15000000, 250000, 2500000, 1050000, 128000),
    ('openai', 'gpt-5.4-mini', 750000, 4500000, 75000, 750000, 400000, 128000),
    ('openai', 'gpt-5', 1250000, 10000000, 125000, 1250000, 400000, 128000),
    ('openai', 'gpt-5-mini', 250000, 2000000, 25000, 250000, 400000, 128000),
    ('openai', 'gpt-5-nano', 50000, 400000, 5000, 50000, 400000, 128000),
    ('openai', 'gpt-4.1', 2000000, 8000000, 500000, 2000000, 1047576, 32768),
    ('openai', 'gpt-4.1-mini', 400000, 1600000, 100000, 400000, 1047576, 32768),
    ('openai', 'gpt-4.1-nano', 100000, 400000, 25000, 100000, 1047576, 32768),
    ('openai', 'gpt-4o', 2500000, 10000000, 1250000, 2500000, 128000, 16384),
    ('openai', 'gpt-4o-2024-05-13', 5000000, 15000000, 5000000, 5000000, 128000, 16384),
    ('openai', 'gpt-4o-mini', 150000, 600000, 75000, 150000, 128000, 16384),
    ('openai', 'o3', 2000000, 8000000, 500000, 2000000, 200000, 100000),
    ('openai', 'o4-mini', 1100000, 4400000, 275000, 1100000, 200000, 100000),
    ('openai', 'text-embedding-3-small', 20000, 0, 20000, 20000, null, null),
    ('openai', 'text-embedding-3-large', 130000, 0, 130000, 130000, null, null),
    ('openai', 'text-embedding-ada-002', 100000, 0, 100000, 100000, null, null)) p (provider, model, input, output, cached, cache_write, context, most_output);
