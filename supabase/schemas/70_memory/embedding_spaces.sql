-- Creates a space with its index. Called by migrations, and by the owner of the tables for a space that has grown: a
-- space is created at its first use without an index, which a few thousand memories do not need. Safe to repeat.
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

-- Reads an embedding from a worker: 1,024 numbers in a space, which is created at its first use. Returns null if both
-- are null. Raises ZG003; also for the 101st space, since their names come from configuration.
create function goalpost_private.read_embedding(p_space text, p_embedding jsonb) returns extensions.vector
language plpgsql
set search_path = ''
as $$
begin
  if p_space is null and p_embedding is null then
    return null;
  end if;
  if coalesce(length(p_space), 0) not between 1 and 200 or p_space ~ '[[:cntrl:]]' then
    perform goalpost_private.refuse('ZG003', 'an embedding has a space: provider/model, or the name of a built-in one');
  end if;
  if jsonb_typeof(p_embedding) is distinct from 'array' or jsonb_array_length(p_embedding) <> 1024
     or p_embedding @? '$[*] ? (@.type() <> "number" || @ > 1e9 || @ < -1e9)' then
    perform goalpost_private.refuse('ZG003', 'an embedding is an array of 1,024 numbers');
  end if;
  if not exists (select from goalpost.embedding_spaces s where s.name = p_space) then
    if (select count(*) from goalpost.embedding_spaces) >= 100 then
      perform goalpost_private.refuse('ZG003', 'there are 100 embedding spaces',
        'remove those that are not used any more from goalpost.embedding_spaces');
    end if;
    insert into goalpost.embedding_spaces (name) values (p_space) on conflict do nothing;
  end if;
  return p_embedding::text::extensions.vector;
end
$$;
