-- The built-in one, and the one that OpenAI's key brings where no other is named.
select goalpost_private.add_embedding_space('lexical-1');
select goalpost_private.add_embedding_space('openai/text-embedding-3-small');
