-- Returns the active runbooks and candidates of a workspace, and the built-in ones, that have no vectors in a space.
create function goalpost_private.runbooks_to_embed(p_workspace_id uuid, p_space text) returns setof goalpost.runbooks
language sql stable
set search_path = ''
as $$
  select b.* from goalpost.runbooks b
   where b.state in ('active', 'candidate') and (b.workspace_id = p_workspace_id or b.workspace_id is null)
     and not exists (select from goalpost.runbook_embeddings e where e.space = p_space and e.runbook_id = b.id)
$$;

-- Returns the texts of a runbook that a question is compared with.
create function goalpost_private.texts_of_runbook(p_runbook goalpost.runbooks) returns text[]
language sql immutable
set search_path = ''
as $$ select array[p_runbook.title, p_runbook.description] || p_runbook.examples[:6] $$;

-- Returns true if the baseline of a space was measured.
create function goalpost_private.has_baseline(p_space text) returns boolean
language sql stable
set search_path = ''
as $$ select exists (select from goalpost.embedding_spaces s where s.name = p_space and s.baseline is not null) $$;

-- Keeps the baseline of a space; the first one counts. Raises ZG003.
create function goalpost_private.set_baseline(p_space text, p_baseline double precision) returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_baseline not between -1.001 and 1.001 then
    perform goalpost_private.refuse('ZG003', 'the baseline of an embedding space is a cosine');
  end if;
  update goalpost.embedding_spaces s set baseline = least(greatest(p_baseline, -1), 1)
   where s.name = p_space and s.baseline is null and p_baseline is not null;
end
$$;

-- Keeps vectors of runbooks that have none in a space: [{"runbook_id", "embeddings"}], one vector for each text. Those of
-- other texts, of a runbook that has changed meanwhile, are left out.
create function goalpost_private.keep_runbook_embeddings(p_workspace_id uuid, p_space text, p_embedded jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into goalpost.runbook_embeddings (space, runbook_id, workspace_id, phrases, center)
  select p_space, b.id, b.workspace_id, array_agg(v.phrase order by v.number), extensions.avg(v.phrase)
    from jsonb_array_elements(p_embedded) e
    join goalpost_private.runbooks_to_embed(p_workspace_id, p_space) b on b.id = (e.value ->> 'runbook_id')::bigint
   cross join lateral (
     select t.number, goalpost_private.read_embedding(p_space, t.vector)::extensions.halfvec(1024) as phrase
       from jsonb_array_elements(e.value -> 'embeddings') with ordinality t (vector, number)) v
   where jsonb_array_length(e.value -> 'embeddings') = cardinality(goalpost_private.texts_of_runbook(b))
   group by b.id, b.workspace_id
  on conflict do nothing;
end
$$;

-- Moves runbooks into an embedding space: those of a step's workspace and the built-in ones. Stores the given vectors
-- and returns the next runbooks without vectors in the space, the newest first: {"runbooks": [{"runbook_id", "texts"}],
-- "left_count", "runbook_count", "needs_baseline"}. p_embedded is [{"runbook_id", "embeddings"}], with a vector for each
-- text. `left_count` includes `runbooks`; `runbook_count` counts those in the space.
-- Called by the executor for a call of embed_memories, until none is left, and by intake for a few, so that a runbook
-- that was just published or applied is matched by meaning. Safe to repeat: a runbook keeps its first vectors. Raises
-- ZG003, ZG009 (lease lost). Locks the tree.
create function goalpost_worker.embed_runbooks(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_space text, p_baseline double precision, p_embedded jsonb,
  p_limit integer default 16
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.lock_leased_step(p_run_id, p_step_key, p_lease_epoch);
begin
  if v_step.kind <> 'assess' and (v_step.kind <> 'tool' or v_step.input ->> 'tool' is distinct from 'embed_memories') then
    perform goalpost_private.refuse('ZG003', 'this step is no assessment and no call of embed_memories');
  end if;
  if jsonb_typeof(p_embedded) is distinct from 'array'
     or p_embedded @? '$[*] ? (@.runbook_id.type() <> "number" || @.embeddings.type() <> "array")' then
    perform goalpost_private.refuse('ZG003', 'embedded runbooks are an array of {"runbook_id", "embeddings"}');
  end if;
  perform goalpost_private.keep_runbook_embeddings(v_step.workspace_id, p_space, p_embedded);
  perform goalpost_private.set_baseline(p_space, p_baseline);
  return (
    with lacking as materialized (
      select b.id, goalpost_private.texts_of_runbook(b) as texts
        from goalpost_private.runbooks_to_embed(v_step.workspace_id, p_space) b
    )
    select jsonb_build_object(
      'runbooks', coalesce(
        (select jsonb_agg(jsonb_build_object('runbook_id', n.id, 'texts', n.texts) order by n.id desc)
           from (select * from lacking order by id desc limit least(greatest(p_limit, 1), 100)) n), '[]'),
      'left_count', (select count(*) from lacking),
      'runbook_count', (select count(*) from goalpost.runbook_embeddings e
                         where e.space = p_space and (e.workspace_id = v_step.workspace_id or e.workspace_id is null)),
      'needs_baseline', not goalpost_private.has_baseline(p_space)));
end
$$;
