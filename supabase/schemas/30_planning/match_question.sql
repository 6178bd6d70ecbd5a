-- Keeps the vector of a request's question, for its plan too, and matches the question again with it. Returns
-- {"runbooks", "is_complete"}: the candidates as in the context of the assessment, and false if runbooks of the workspace
-- have no vectors in this space yet, or its baseline was not measured (embed_runbooks).
-- Called by intake for a step `assess`, only where a provider of embeddings is configured. Safe to repeat: the vector is
-- replaced. Raises ZG003, ZG009 (lease lost). Locks the tree.
create function goalpost_worker.match_question(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_space text, p_embedding jsonb
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.lock_leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_embedding constant extensions.halfvec := goalpost_private.read_embedding(p_space, p_embedding);
  v_request_id bigint;
begin
  if v_step.kind <> 'assess' or v_embedding is null then
    perform goalpost_private.refuse('ZG003', 'a question is matched by its vector in a step of kind assess');
  end if;
  select r.request_id into v_request_id from goalpost.workflow_runs r where r.id = p_run_id;
  insert into goalpost_private.request_embeddings as e (workspace_id, request_id, space, embedding)
  values (v_step.workspace_id, v_request_id, p_space, v_embedding)
  on conflict (workspace_id, request_id) do update set space = excluded.space, embedding = excluded.embedding;
  return jsonb_build_object(
    'runbooks', goalpost_private.candidates_of_request(v_request_id),
    'is_complete', goalpost_private.has_baseline(p_space)
                   and not exists (select from goalpost_private.runbooks_to_embed(v_step.workspace_id, p_space)));
end
$$;
