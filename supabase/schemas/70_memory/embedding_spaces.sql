-- Makes a space with its index. Called by migrations and by a deploy that names another embedding model; whoever owns
-- the tables has to call it, since an index is made. Safe to repeat.
create function goalpost_private.add_embedding_space(p_name text) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into goalpost.embedding_spaces (name) values (p_name) on conflict do nothing;
  execute format(
    'create index if not exists %I on goalpost.memories using hnsw (embedding extensions.vector_cosine_ops) where space = %L',
    'memories_in_' || left(md5(p_name), 12), p_name);
end
$$;

-- An embedding as it is sent: 1,024 numbers in a space that is known. Both null for none. Raises ZG003.
create function goalpost_private.read_embedding(p_space text, p_embedding jsonb) returns extensions.vector
language plpgsql stable
set search_path = ''
as $$
begin
  if p_space is null and p_embedding is null then
    return null;
  end if;
  if not exists (select from goalpost.embedding_spaces s where s.name = p_space) then
    perform goalpost_private.refuse('ZG003', format('there is no embedding space %s', left(p_space, 100)),
      'whoever owns the database makes it: select goalpost_private.add_embedding_space(''provider/model'')');
  end if;
  if jsonb_typeof(p_embedding) is distinct from 'array' or jsonb_array_length(p_embedding) <> 1024
     or p_embedding @? '$[*] ? (@.type() <> "number" || @ > 1e9 || @ < -1e9)' then
    perform goalpost_private.refuse('ZG003', 'an embedding is an array of 1,024 numbers');
  end if;
  return p_embedding::text::extensions.vector;
end
$$;
