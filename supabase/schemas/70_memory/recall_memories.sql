-- Memory: steps write memories, and later steps receive those that match.
-- Retrieval is hybrid: nearest by meaning (vectors of one space) and by words (full text), fused by reciprocal ranks.

-- Returns true if a memory may be recalled by a step of its workspace with these goals (its own and those above), this
-- person and this agent. Revoked and expired memories are never recalled.
create function goalpost_private.may_be_recalled(
  p_memory goalpost.memories, p_goals bigint[], p_user_id uuid, p_agent_name text, p_now timestamptz
) returns boolean
language sql immutable
set search_path = ''
as $$
  select p_memory.trust <> 'revoked' and p_memory.expires_at > p_now
     and case p_memory.scope
           when 'goal' then p_memory.goal_id = any (p_goals)
           when 'user' then p_memory.user_id = p_user_id
           when 'agent' then p_memory.agent_name is not distinct from p_agent_name
           else true
         end
$$;

-- Returns a goal and the goals above it.
create function goalpost_private.goals_above(p_goal_id bigint) returns bigint[]
language sql stable
set search_path = ''
as $$
  with recursive above (id, parent_goal_id) as (
    select g.id, g.parent_goal_id from goalpost.goals g where g.id = p_goal_id
    union all
    select g.id, g.parent_goal_id from above a join goalpost.goals g on g.id = a.parent_goal_id
  )
  select coalesce(array_agg(a.id), '{}') from above a
$$;

-- Returns a query that matches any word of a text; null for a text without words. Only the longest sixty-four words are
-- used: the others hardly change the ranking.
create function goalpost_private.any_word(p_text text) returns tsquery
language sql immutable
set search_path = ''
as $$
  select string_agg(quote_literal(w.word), ' | ')::tsquery
    from (select word from unnest(goalpost_private.lexemes(left(p_text, 8000))) word
           order by length(word) desc, word limit 64) w
$$;

-- Returns true if a memory is a lesson that an agent wrote for others, and five requests besides this one received it.
-- Text in a result can ask an agent to remember it, so such a lesson is only tried until a person keeps it
-- (evidence_of_trials).
create function goalpost_private.is_trial_over(p_memory goalpost.memories, p_root_run_id bigint) returns boolean
language sql stable
set search_path = ''
as $$
  select p_memory.kind = 'lesson' and p_memory.run_id is not null and p_memory.scope in ('agent', 'workspace')
         and (select count(distinct r.root_run_id)
                from goalpost.memory_uses u join goalpost.workflow_runs r on r.id = u.run_id
               where u.workspace_id = p_memory.workspace_id and u.memory_id = p_memory.id
                 and r.root_run_id <> p_root_run_id) >= 5
$$;

-- Ranks the memories that a step may recall by how well they match a query. Reciprocal rank fusion: the sum over both
-- rankings of 1 / (60 + rank) (Cormack, Clarke and Büttcher 2009), times a weight for the scope. Memories that match in
-- neither ranking are left out.
create function goalpost_private.rank_memories(
  p_step goalpost.steps, p_run goalpost.workflow_runs, p_query text, p_space text, p_embedding extensions.vector,
  p_now timestamptz
) returns table (memory_id bigint, score double precision)
language sql stable
set search_path = ''
as $$
  with asker as materialized (
    select goalpost_private.goals_above(p_run.goal_id) as goals, goalpost_private.any_word(p_query) as words,
           (select a.name from goalpost.agents a where a.id = p_step.agent_id) as agent_name
  ),
  by_words as (
    select f.id, row_number() over (order by f.rank desc, f.id desc) as place
      from (
        select m.id, ts_rank_cd(to_tsvector('pg_catalog.english', m.title || ' ' || m.text), a.words) as rank
          from asker a
          join goalpost.memories m on to_tsvector('pg_catalog.english', m.title || ' ' || m.text) @@ a.words
         where m.workspace_id = p_step.workspace_id
           and goalpost_private.may_be_recalled(m, a.goals, p_run.user_id, a.agent_name, p_now)
         -- If very many match, the newest are ranked.
         order by m.id desc limit 500) f
     order by place limit 50
  ),
  by_meaning as (
    select n.id, row_number() over (order by n.distance, n.id desc) as place
      from (
        select m.id, m.embedding operator(extensions.<=>) p_embedding as distance
          from asker a
          join goalpost.memories m on m.workspace_id = p_step.workspace_id and m.space = p_space
         where goalpost_private.may_be_recalled(m, a.goals, p_run.user_id, a.agent_name, p_now)
         order by distance limit 50) n
     -- A larger distance is a chance match.
     where n.distance < 0.8
  )
  select m.id, case m.scope when 'goal' then 3 when 'workspace' then 1 else 2 end
               * (coalesce(1.0 / (60 + w.place), 0) + coalesce(1.0 / (60 + n.place), 0))
    from goalpost.memories m
    left join by_words w on w.id = m.id
    left join by_meaning n on n.id = m.id
   where m.id in (select id from by_words union select id from by_meaning)
     -- A lesson that helped in less than half of five or more runs.
     and not exists (select from goalpost.memory_statistics s
                      where s.workspace_id = m.workspace_id and s.memory_id = m.id and s.uses >= 5 and 2 * s.successes < s.uses)
     and not goalpost_private.is_trial_over(m, p_run.root_run_id)
$$;

-- Returns the memories for a step: [{"memory_id", "kind", "scope", "title", "text", "trust", "score"}], the best first,
-- as many as fit the budget (four bytes count as one token). Records what was returned, with the attempt. Called by the
-- executor before an agent's first turn of an attempt (p_call_number 0) and for the tool `recall`. Safe to repeat: the
-- recorded memories are returned again, even if others were written since. Raises ZG003, ZG009 (lease lost). Locks the
-- tree.
create function goalpost_worker.recall_memories(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_call_number integer, p_query text,
  p_space text, p_embedding jsonb, p_limit integer default 8, p_token_budget integer default 1500
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_step constant goalpost.steps := goalpost_private.lock_leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_run goalpost.workflow_runs;
  v_embedding extensions.vector;
begin
  select * into v_run from goalpost.workflow_runs where id = p_run_id;
  v_embedding := goalpost_private.read_embedding(p_space, p_embedding);
  if not exists (
    select from goalpost.memory_uses u
     where u.run_id = p_run_id and u.step_key = p_step_key and u.attempt = v_step.attempt
       and u.call_number = p_call_number)
  then
    with ranked as (
      select r.memory_id, r.score, row_number() over (order by r.score desc, r.memory_id desc) as rank
        from goalpost_private.rank_memories(v_step, v_run, p_query, p_space, v_embedding, v_now) r
    ),
    fitting as (
      select r.*, m.trust = 'untrusted' as is_untrusted,
             sum(octet_length(m.title || m.text)) over (order by r.rank) / 4 as tokens
        from ranked r join goalpost.memories m on m.id = r.memory_id
       where r.rank <= least(greatest(p_limit, 0), 50)
    )
    insert into goalpost.memory_uses
      (run_id, step_key, attempt, call_number, rank, workspace_id, memory_id, score, is_untrusted, sent_at)
    select p_run_id, p_step_key, v_step.attempt, p_call_number, f.rank, v_step.workspace_id, f.memory_id, f.score,
           f.is_untrusted, v_now
      from fitting f where f.tokens <= p_token_budget;
  end if;
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
             'memory_id', m.id, 'kind', m.kind, 'scope', m.scope, 'title', m.title, 'text', m.text, 'trust', m.trust,
             'score', round(u.score::numeric, 4)) order by u.rank), '[]')
      from goalpost.memory_uses u
      join goalpost.memories m on m.id = u.memory_id
     where u.run_id = p_run_id and u.step_key = p_step_key and u.attempt = v_step.attempt
       and u.call_number = p_call_number and m.trust <> 'revoked');
end
$$;
