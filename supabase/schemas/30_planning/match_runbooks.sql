-- The lexemes of a text, without order: what text matching compares.
create function goalpost_private.lexemes(p_text text) returns text[]
language sql immutable
set search_path = ''
as $$
  select tsvector_to_array(to_tsvector('pg_catalog.english', p_text))
$$;

-- How well a question fits a runbook, 0 to 1: 0.6 × the best cosine of word sets over the title and the examples,
-- + 0.4 × the share of the question's words that the runbook knows at all; half of that where they share one word
-- alone, because "write a poem" is not "write the weekly review".
create function goalpost_private.score_runbook(p_question text[], p_runbook goalpost.runbooks) returns numeric
language sql immutable
set search_path = ''
as $$
  -- Materialized: each text is taken apart once, not once per word.
  with phrase as materialized (
    select goalpost_private.lexemes(t) as words
      from unnest(p_runbook.examples || p_runbook.title) t
  ),
  known as materialized (
    select goalpost_private.lexemes(
             concat_ws(' ', p_runbook.title, p_runbook.description, replace(p_runbook.goal_type, '_', ' '),
                       array_to_string(p_runbook.examples, ' '))) as words
  ),
  best as (
    select max(o.shared / sqrt(cardinality(p.words)::numeric * cardinality(p_question))) as cosine
      from phrase p
     cross join lateral (select count(*)::numeric as shared from unnest(p.words) w where w = any (p_question)) o
     where cardinality(p.words) > 0
  )
  select case when cardinality(p_question) = 0 then 0 else
           round((0.6 * coalesce((select cosine from best), 0) + 0.4 * s.shared / cardinality(p_question))
                 * least(1, s.shared / 2), 3) end
    from known k
   cross join lateral (select count(*)::numeric as shared from unnest(p_question) q where q = any (k.words)) s
$$;

-- Runbooks for a question, best first, at most five, with the words that speak for each and whether this person
-- may use it. What makes a question is said in its first 4000 characters; the rest is not looked at, since every
-- claim of an assessment or a plan waits for this.
create function goalpost_private.match_runbooks(p_question text, p_workspace_id uuid, p_user_id uuid)
returns table (runbook_id bigint, name text, version integer, title text, goal_type text, score numeric, reasons jsonb,
               allowed boolean, refusal text, plan jsonb)
language sql stable
set search_path = ''
as $$
  with question as materialized (select goalpost_private.lexemes(left(p_question, 4000)) as words),
  known as materialized (
    select b, goalpost_private.lexemes(concat_ws(' ', b.title, b.description, array_to_string(b.examples, ' '))) as words
      from goalpost.runbooks b
     where b.state = 'active' and (b.workspace_id is null or b.workspace_id = p_workspace_id)
  ),
  scored as (
    select b, goalpost_private.score_runbook(q.words, b) as score,
           (select coalesce(jsonb_agg(w order by w), '[]') from unnest(q.words) w where w = any (k.words)) as shared
      from question q, known k
  )
  select (b).id, (b).name, (b).version, (b).title, (b).goal_type, score,
         jsonb_build_array('shared words: ' || coalesce((select string_agg(w, ', ') from jsonb_array_elements_text(shared) w), 'none')),
         r.refusal is null, r.refusal, (b).plan
    from scored
   cross join lateral (select goalpost_private.runbook_refusal(b, p_user_id) as refusal) r
   where score > 0
   order by score desc, (b).name
   limit 5
$$;

-- The same for a goal's run: its title and description stand in for the question; at the root, the question itself.
create function goalpost_private.match_runbooks_of_run(p_run goalpost.workflow_runs)
returns table (runbook_id bigint, name text, version integer, title text, goal_type text, score numeric, reasons jsonb,
               allowed boolean, refusal text, plan jsonb)
language sql stable
set search_path = ''
as $$
  select m.*
    from goalpost.goals g
    join goalpost.requests q on q.id = g.request_id
   cross join lateral goalpost_private.match_runbooks(
     case when g.parent_goal_id is null then q.question else g.title || ' ' || g.description end,
     p_run.workspace_id, p_run.user_id) m
   where g.id = p_run.goal_id
$$;
