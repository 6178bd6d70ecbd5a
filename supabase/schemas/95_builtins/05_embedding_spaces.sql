-- The built-in space, and the default space for an OpenAI key.
select goalpost_private.add_embedding_space('lexical-1');
select goalpost_private.add_embedding_space('openai/text-embedding-3-small');
