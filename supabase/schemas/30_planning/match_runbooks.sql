-- Scores how well a question matches a runbook, 0 to 1: 0.6 × the best cosine of word sets over the title and the
-- examples, + 0.4 × the share of the question's words that the runbook contains; half of that where they share one word
-- alone, because "write a poem" is not "write the weekly review".
create function goalpost_private.score_runbook(
  p_question text[], p_phrases tsvector[], p_shared_count integer
) returns numeric
language sql immutable
set search_path = ''
as $$
  with best as (
    select max(o.shared / sqrt(length(p.words)::numeric * cardinality(p_question))) as cosine
      from unnest(p_phrases) p (words)
     cross join lateral (
       select count(*)::numeric as shared from unnest(tsvector_to_array(p.words)) w where w = any (p_question)) o
     where length(p.words) > 0
  )
  select case when cardinality(p_question) = 0 then 0 else
           round((0.6 * coalesce((select cosine from best), 0) + 0.4 * p_shared_count / cardinality(p_question))
                 * least(1, p_shared_count / 2.0), 3) end
$$;

-- Returns the runbooks of a workspace and the built-in ones that share words with a question, at most p_limit, those
-- with the most shared words first. The rank of word sets without positions for alternatives is proportional to the
-- number of shared words.
create function goalpost_private.candidate_runbooks(p_question text[], p_workspace_id uuid, p_limit integer)
returns table (id bigint, shared text[])
language sql stable
set search_path = ''
as $$
  with question as materialized (
    select string_agg('''' || replace(replace(w, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery as words
      from unnest(p_question) w
  ),
  visible as (
    select b.* from goalpost.runbooks b where b.state = 'active' and b.workspace_id = p_workspace_id
    union all
    select b.* from goalpost.runbooks b where b.state = 'active' and b.workspace_id is null
  ),
  ranked as (
    select v.id, v.words
      from question q
      join visible v on v.words @@ q.words
     order by ts_rank(v.words, q.words) desc, v.name
     limit p_limit
  )
  select r.id, array(select w from unnest(tsvector_to_array(r.words)) w where w = any (p_question) order by w)
    from ranked r
$$;

-- Returns the lower bound of the 95 % confidence interval (Wilson) of a share of successes; 0 without uses.
create function goalpost_private.success_bound(p_successes bigint, p_uses bigint) returns double precision
language sql immutable
set search_path = ''
as $$
  select case when p_uses <= 0 then 0 else
           (p.share + 1.9208 / p_uses - 1.96 * sqrt((p.share * (1 - p.share) + 0.9604 / p_uses) / p_uses)) / (1 + 3.8416 / p_uses)
         end
    from (select p_successes::double precision / nullif(p_uses, 0) as share) p
$$;

-- Returns words without a meaning for the match, such as courtesies, in the form of words_of.
create function goalpost_private.filler_words() returns text[]
language sql immutable
set search_path = ''
as $$
  select array['can', 'could', 'get', 'give', 'hello', 'hi', 'like', 'need', 'pleas', 'run', 'show', 'tell', 'thank', 'us',
               'want', 'would']
$$;

-- Returns words for a period of time, in the form of words_of.
create function goalpost_private.period_words() returns text[]
language sql immutable
set search_path = ''
as $$
  select array['annual', 'daili', 'day', 'hour', 'minut', 'month', 'monthli', 'quarter', 'today', 'week', 'weekend', 'weekli',
               'year', 'yearli', 'yesterday']
$$;

-- Returns the distinct negations of a text. They are stop words to words_of, but reverse the meaning of a question.
create function goalpost_private.negations(p_text text) returns text[]
language sql immutable
set search_path = ''
as $$
  select array(select distinct case when m[1] ~ '^n.t$' then 'not' else m[1] end
                 from regexp_matches(lower(p_text), '(\m(?:not|no|never|without|except|neither|nor|none|nothing)\M|n[''’]t\M)', 'g') m
                order by 1)
$$;

-- Returns the part of a question that a runbook does not cover: words and negations that the runbook's text does not
-- contain, and the runbook's period if the question names none, since such a question is about all time.
create function goalpost_private.uncovered_words(
  p_question text, p_words text[], p_shared text[], p_runbook goalpost.runbooks
) returns text[]
language sql stable
set search_path = ''
as $$
  select array(
    select w from unnest(p_words) w where w <> all (p_shared)
    union
    select n from unnest(goalpost_private.negations(p_question)) n
     where n <> all (goalpost_private.negations(
             concat_ws(' ', p_runbook.title, p_runbook.description, array_to_string(p_runbook.examples, ' '))))
    union
    select 'any time but this ' || w
      from unnest(goalpost_private.lexemes(p_runbook.title || ' ' || p_runbook.description)) w
     where w = any (goalpost_private.period_words()) and not p_words && goalpost_private.period_words()
    order by 1)
$$;

-- Returns runbooks for a question, best first, at most five: with the words that match each, the words of the question
-- that it does not contain, its record in this workspace, and whether this person may use it. Only the first 4000
-- characters of a question are compared, and only the 50 runbooks that share the most words, since every claim of an
-- assessment or a plan waits for this. Runbooks of equal score are ordered by their success rate in this workspace.
create function goalpost_private.match_runbooks(p_question text, p_workspace_id uuid, p_user_id uuid)
returns table (runbook_id bigint, name text, version integer, title text, description text, goal_type text, score numeric,
               reasons jsonb, uncovered text[], allowed boolean, refusal text, plan jsonb)
language sql stable
set search_path = ''
as $$
  with question as materialized (
    select array(select w from unnest(tsvector_to_array(goalpost_private.words_of(left(p_question, 4000)))) w
                  where w <> all (goalpost_private.filler_words()) order by w) as words
  ),
  scored as (
    select b, c.shared, s.score
      from question q
     cross join lateral goalpost_private.candidate_runbooks(q.words, p_workspace_id, 50) c
      join goalpost.runbooks b on b.id = c.id
     cross join lateral goalpost_private.score_runbook(q.words, b.phrases, cardinality(c.shared)) s (score)
     order by s.score desc, b.name
     limit 5
  )
  select (b).id, (b).name, (b).version, (b).title, (b).description, (b).goal_type, score,
         jsonb_build_array('shared words: ' || array_to_string(shared, ', '))
         || case when f.uses > 0 then jsonb_build_array(format('%s of %s runs in this workspace completed', f.successes, f.uses))
                 else '[]' end,
         goalpost_private.uncovered_words(left(p_question, 4000), (select q.words from question q), shared, b),
         r.refusal is null, r.refusal, (b).plan
    from scored
   cross join lateral (select goalpost_private.runbook_refusal(b, p_user_id) as refusal) r
    left join goalpost.runbook_statistics f on f.workspace_id = p_workspace_id and f.runbook_id = (b).id
   order by score desc, goalpost_private.success_bound(coalesce(f.successes, 0), coalesce(f.uses, 0)) desc, (b).name
$$;

-- Matches runbooks to a goal's run: by the question at the root, by the goal's title and description below it.
create function goalpost_private.match_runbooks_of_run(p_run goalpost.workflow_runs)
returns table (runbook_id bigint, name text, version integer, title text, description text, goal_type text, score numeric,
               reasons jsonb, uncovered text[], allowed boolean, refusal text, plan jsonb)
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

-- Returns the names of the parameters that a plan reads, in order: `parameters.week` in any of its templates.
create function goalpost_private.parameters_of(p_plan jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select coalesce(jsonb_agg(distinct m[1]), '[]') from regexp_matches(p_plan::text, '\mparameters\.([a-z_][a-z0-9_]*)', 'g') m
$$;
