-- Writes a memory for a call of the tool `remember` and marks the call as done, in one transaction. Returns
-- {"memory_id"}. Called by the executor, which computes the embedding. Safe to repeat: one memory per call. A text or
-- title that is too long is refused rather than truncated. A memory of a tainted step is untrusted. Raises ZG003, ZG006
-- (the workspace's maximum), ZG009 (lease lost). Locks the tree.
create function goalpost_worker.remember(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_call_number integer, p_space text, p_embedding jsonb
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_step constant goalpost.steps := goalpost_private.lock_leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_embedding constant extensions.vector := goalpost_private.read_embedding(p_space, p_embedding);
  v_call goalpost.tool_calls;
  v_scope text;
  v_run goalpost.workflow_runs;
  v_id bigint;
begin
  select * into v_call from goalpost.tool_calls c
   where c.run_id = p_run_id and c.step_key = p_step_key and c.number = p_call_number and c.tool = 'remember';
  if not found or v_call.state not in ('intended', 'done') then
    perform goalpost_private.refuse('ZG003', 'there is no call of remember under this number that may be made');
  end if;
  if length(v_call.arguments ->> 'text') > 8000 or length(v_call.arguments ->> 'title') > 300 then
    perform goalpost_private.refuse('ZG003', 'a memory has at most 8000 characters, and its title 300',
      'remember less, or in parts');
  end if;
  -- An advisory lock for the workspace: otherwise concurrent steps could all pass the check and exceed the cap.
  perform pg_advisory_xact_lock(hashtextextended('goalpost.memories.' || v_step.workspace_id, 0));
  -- A repeated call has its memory already, so the cap does not apply.
  if v_call.state = 'intended' and (select count(*) from goalpost.memories m where m.workspace_id = v_step.workspace_id)
     >= (select l.max_memories from goalpost_private.limits l) then
    perform goalpost_private.refuse('ZG006', 'this workspace remembers as much as it may',
      'take memories back, or let them end: goalpost memories, goalpost forget');
  end if;
  select * into v_run from goalpost.workflow_runs where id = p_run_id;
  v_scope := case when v_call.arguments ->> 'scope' in ('user', 'agent', 'workspace') then v_call.arguments ->> 'scope'
                  when v_run.goal_id is not null then 'goal' else 'user' end;
  insert into goalpost.memories
    (workspace_id, scope, goal_id, user_id, agent_name, kind, title, text, space, embedding, run_id, step_key, call_number,
     trust, created_at, expires_at)
  select v_step.workspace_id, v_scope, case v_scope when 'goal' then v_run.goal_id end,
         case v_scope when 'user' then v_run.user_id end, case v_scope when 'agent' then a.name end,
         case when v_call.arguments ->> 'kind' in ('fact', 'lesson', 'summary', 'artifact')
              then v_call.arguments ->> 'kind' else 'fact' end,
         coalesce(v_call.arguments ->> 'title', ''), v_call.arguments ->> 'text', p_space, v_embedding,
         p_run_id, p_step_key, p_call_number,
         case when goalpost_private.is_tainted(v_step.run_id, v_step.key) then 'untrusted' else 'trusted' end,
         v_now, v_now + l.memory_lifetime
    from goalpost_private.limits l
    left join goalpost.agents a on a.id = v_step.agent_id
  on conflict on constraint one_memory_per_call do nothing;
  select m.id into v_id from goalpost.memories m
   where m.run_id = p_run_id and m.step_key = p_step_key and m.call_number = p_call_number;
  update goalpost.tool_calls c
     set state = 'done', result = jsonb_build_object('memory_id', v_id), started_at = v_now, ended_at = v_now
   where c.run_id = p_run_id and c.step_key = p_step_key and c.number = p_call_number and c.state = 'intended';
  return jsonb_build_object('memory_id', v_id);
end
$$;
