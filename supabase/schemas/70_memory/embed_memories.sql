-- Moves memories of a step's workspace into another embedding space. Stores the given vectors and returns the next
-- memories that are not in the space, the newest first: {"memories": [{"memory_id", "text"}], "left_count",
-- "memory_count"}. p_embedded is [{"memory_id", "embedding"}]. `left_count` includes `memories`; `memory_count` counts
-- the memories in the space.
-- Called by the executor for a step that is a call of embed_memories, until none is left. Safe to repeat: a memory gets
-- the same vector. Memories that are revoked or expired are not embedded. Raises ZG003, ZG009 (lease lost). Locks the
-- tree.
create function goalpost_worker.embed_memories(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_space text, p_embedded jsonb, p_limit integer default 32
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_step constant goalpost.steps := goalpost_private.lock_leased_step(p_run_id, p_step_key, p_lease_epoch);
begin
  if v_step.kind <> 'tool' or v_step.input ->> 'tool' is distinct from 'embed_memories' then
    perform goalpost_private.refuse('ZG003', 'this step is no call of embed_memories');
  end if;
  if jsonb_typeof(p_embedded) is distinct from 'array' or p_embedded @? '$[*] ? (@.memory_id.type() <> "number")' then
    perform goalpost_private.refuse('ZG003', 'embedded memories are an array of {"memory_id", "embedding"}');
  end if;
  update goalpost.memories m
     set space = p_space, embedding = goalpost_private.read_embedding(p_space, e.value -> 'embedding')
    from jsonb_array_elements(p_embedded) e
   where m.workspace_id = v_step.workspace_id and m.id = (e.value ->> 'memory_id')::bigint;
  return (
    with lacking as materialized (
      select m.id, m.text from goalpost.memories m
       where m.workspace_id = v_step.workspace_id and m.space is distinct from p_space
         and m.trust <> 'revoked' and m.expires_at > v_now
    )
    select jsonb_build_object(
      'memories', coalesce(
        (select jsonb_agg(jsonb_build_object('memory_id', n.id, 'text', n.text) order by n.id desc)
           from (select * from lacking order by id desc limit least(greatest(p_limit, 1), 100)) n), '[]'),
      'left_count', (select count(*) from lacking),
      'memory_count', (select count(*) from goalpost.memories m
                        where m.workspace_id = v_step.workspace_id and m.space = p_space)));
end
$$;
