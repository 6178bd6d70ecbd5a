-- Scores how relevant a runbook is to a question by words, 0 to 1: 0.6 × the best cosine of word sets over the title and the
-- examples, + 0.4 × the share of the question's words that the runbook contains; half of that where they share one word
-- alone, because "write a poem" is not "write the weekly review".
create function goalpost_private.relevance_by_words(
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

-- Returns how relevant a runbook is to a question by meaning, 0 to 1: the cosine of the question and the nearest phrase,
-- averaged with the mean over all phrases, so that one odd phrase does not decide. It is put on the scale of the space: 0
-- as texts about other things (embedding_spaces.baseline), 1 as the same text. A cosine cannot be compared with a
-- constant: one model gives 0.1 to unrelated texts, another 0.75. Null if the space has no baseline yet.
create function goalpost_private.relevance_by_meaning(
  p_embedding extensions.halfvec, p_phrases extensions.halfvec[], p_baseline double precision
) returns numeric
language sql immutable
set search_path = ''
as $$
  select case when p_baseline < 1 and count(*) > 0 then
           round(least(greatest(((max(c.cosine) + avg(c.cosine)) / 2 - p_baseline) / (1 - p_baseline), 0), 1)::numeric, 3) end
    from unnest(p_phrases) p (phrase)
   cross join lateral (select 1 - (p.phrase operator(extensions.<=>) p_embedding) as cosine) c
$$;

-- Returns the runbooks that are nearest to a question by the centers of their phrases, at most p_limit: the inner product
-- with a center is the mean cosine of its phrases. Every vector of the workspace is compared: an index for nearest
-- vectors finds those of all workspaces, of which a filter may leave none. `offset 0` keeps the look-up of the state
-- behind the sort, where it is made for the nearest alone.
create function goalpost_private.nearest_runbooks(
  p_space text, p_embedding extensions.halfvec, p_workspace_id uuid, p_explores boolean, p_limit integer
)
returns table (id bigint, place bigint)
language sql stable
set search_path = ''
as $$
  select f.runbook_id, row_number() over ()
    from (
      select n.runbook_id
        from (
          select e.runbook_id, e.center operator(extensions.<#>) p_embedding as distance
            from goalpost.runbook_embeddings e where e.space = p_space and e.workspace_id = p_workspace_id
          union all
          select e.runbook_id, e.center operator(extensions.<#>) p_embedding
            from goalpost.runbook_embeddings e where e.space = p_space and e.workspace_id is null
           order by distance, runbook_id offset 0) n
       where (select b.state = 'active' or b.state = 'candidate' and p_explores
                from goalpost.runbooks b where b.id = n.runbook_id)
       limit p_limit) f
$$;

-- Returns the runbooks of a workspace and the built-in ones for a question, at most p_limit; candidates only on trial
-- (p_explores). Those with the most shared words and those that are nearest by meaning are fused by reciprocal ranks, as
-- memories are (rank_memories). The rank of word sets without positions for alternatives is proportional to the number
-- of shared words.
create function goalpost_private.retrieve_runbooks(
  p_question text[], p_workspace_id uuid, p_explores boolean, p_limit integer,
  p_space text default null, p_embedding extensions.halfvec default null
)
returns table (id bigint, shared text[])
language sql stable
set search_path = ''
as $$
  with question as materialized (
    select string_agg('''' || replace(replace(w, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery as words
      from unnest(p_question) w
  ),
  visible as (
    select b.* from goalpost.runbooks b
     where b.state in ('active', 'candidate') and b.workspace_id = p_workspace_id and (p_explores or b.state = 'active')
    union all
    select b.* from goalpost.runbooks b where b.state = 'active' and b.workspace_id is null
  ),
  by_words as (
    select r.id, row_number() over () as place
      from (
        select v.id
          from question q
          join visible v on v.words @@ q.words
         order by ts_rank(v.words, q.words) desc, v.name
         limit p_limit) r
  ),
  found as (
    select id
      from by_words w
      full join goalpost_private.nearest_runbooks(p_space, p_embedding, p_workspace_id, p_explores, p_limit) m using (id)
     order by coalesce(1.0 / (60 + w.place), 0) + coalesce(1.0 / (60 + m.place), 0) desc, id
     limit p_limit
  )
  select f.id, array(select w from unnest(tsvector_to_array(b.words)) w where w = any (p_question) order by w)
    from found f join goalpost.runbooks b on b.id = f.id
$$;

-- Returns the factor by which counts fade over an interval: half after 90 days.
create function goalpost_private.fading(p_since timestamptz, p_now timestamptz) returns double precision
language sql immutable
set search_path = ''
as $$ select 0.5 ^ (greatest(extract(epoch from p_now - p_since), 0) / (90 * 86400)) $$;

-- Returns the 5 % quantile of the success rate given so many runs: of a Beta(successes + 3, failures + 1) distribution,
-- by its normal approximation. The prior is a runbook that a person wrote or approved: three successes of four.
create function goalpost_private.success_bound(p_successes double precision, p_uses double precision)
returns double precision
language sql immutable
set search_path = ''
as $$
  select greatest(0, m.mean - 1.645 * sqrt(m.mean * (1 - m.mean) / (greatest(p_uses, 0) + 5)))
    from (select (greatest(p_successes, 0) + 3) / (greatest(p_uses, 0) + 4) as mean) m
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

-- Returns words for dates, in the form of words_of.
create function goalpost_private.date_words() returns text[]
language sql immutable
set search_path = ''
as $$
  select goalpost_private.period_words() || goalpost_private.lexemes(
    'january february march april may june july august september october november december monday tuesday wednesday '
    'thursday friday saturday sunday today tomorrow last past previous current next since until between after before '
    'quarter q1 q2 q3 q4')
$$;

-- Returns the words of the names of tables in the schemas that a workspace reads.
create function goalpost_private.table_words(p_workspace_id uuid) returns text[]
language sql stable
set search_path = ''
as $$
  select array(
    select distinct l
      from goalpost.workspaces w
      join pg_catalog.pg_namespace n on n.nspname = any (w.readable_schemas)
      join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f')
     cross join unnest(goalpost_private.lexemes(replace(c.relname, '_', ' '))) l
     where w.id = p_workspace_id)
$$;

-- Returns the words of a question that can be values of a runbook's parameters (shared/tasks/src/parameters.rs): numbers,
-- dates, values of enums and examples, readable tables, quotations, and the names of parameters. The words of each parameter are
-- computed once: a question may have hundreds.
create function goalpost_private.parameter_words(
  p_question text, p_words text[], p_parameters jsonb, p_workspace_id uuid
) returns text[]
language sql stable
set search_path = ''
as $$
  with property as materialized (
    select p.value ->> 'type' in ('integer', 'number') as is_number, p.value ->> 'format' in ('date', 'period') as is_date,
           goalpost_private.lexemes(replace(p.key || ' ' || coalesce(p.value ->> 'enum', '') || ' ' || coalesce(p.value ->> 'examples', ''), '_', ' '))
           || case when p.value ->> 'format' in ('date', 'period') then goalpost_private.date_words() else '{}' end
           || case when p.value ->> 'format' = 'table'
                   then goalpost_private.table_words(p_workspace_id) || goalpost_private.lexemes('table') else '{}' end
           || case when p.value ->> 'type' = 'string' and not p.value ? 'format' and not p.value ? 'enum'
                   then array(select unnest(goalpost_private.lexemes(m[1]))
                                from regexp_matches(p_question, '["“„«`]([^"“”«»`]*)["”“»`]', 'g') m) else '{}' end as words
      from jsonb_each(case jsonb_typeof(p_parameters -> 'properties') when 'object' then p_parameters -> 'properties' else '{}' end) p
  )
  select array(
    select w from unnest(p_words) w
     where exists (select from property p where w = any (p.words) or (w ~ '^[0-9]' and (p.is_number or p.is_date))))
$$;

-- Returns the part of a question that a runbook does not cover: words and negations that neither the runbook's text
-- contains nor its parameters can take, and the runbook's period if the question names none, since such a question is
-- about all time (unless a parameter has the period).
create function goalpost_private.uncovered_words(
  p_question text, p_words text[], p_shared text[], p_runbook goalpost.runbooks, p_workspace_id uuid
) returns text[]
language sql stable
set search_path = ''
as $$
  with periods as materialized (
    select array(select w from unnest(goalpost_private.lexemes(p_runbook.title || ' ' || p_runbook.description)) w
                  where w = any (goalpost_private.period_words())) as words
  ),
  taken as materialized (
    select case when p_runbook.parameters = '{}' then '{}' else goalpost_private.parameter_words(
             p_question, p_words || p.words, p_runbook.parameters, p_workspace_id) end as words
      from periods p
  )
  select array(
    select w from unnest(p_words) w, taken t where w <> all (p_shared) and w <> all (t.words)
    union
    select n from unnest(goalpost_private.negations(p_question)) n
     where n <> all (goalpost_private.negations(
             concat_ws(' ', p_runbook.title, p_runbook.description, array_to_string(p_runbook.examples, ' '))))
    union
    select 'any time but this ' || w
      from periods p, taken t, unnest(p.words) w
     where w <> all (t.words) and not p_words && goalpost_private.period_words()
    order by 1)
$$;

-- Returns true if a request tries candidates: one of ten, always the same ones.
create function goalpost_private.explores(p_request_id bigint) returns boolean
language sql immutable
set search_path = ''
as $$ select coalesce(abs(hashint8(p_request_id)::bigint) % 10 = 0, false) $$;

-- Returns the retrieved runbooks of a question with the parts of their scores, not ordered:
--   by_words     relevance by words (relevance_by_words)
--   by_meaning   relevance by meaning (relevance_by_meaning); null without vectors in one space
--   type_prior   how often runbooks of its goal type were used here, against the most used type among these
--   success      the lower bound of its success rate here (success_bound); 1 for a candidate on trial
--   cost_factor  the mean cost of the cheapest of its goal type against its own, at least 0.1; 1 if either is unknown
-- Old runs fade. Only statistics of this workspace count.
create function goalpost_private.score_runbooks(
  p_words text[], p_workspace_id uuid, p_explores boolean, p_now timestamptz, p_space text, p_embedding extensions.halfvec
)
returns table (runbook_id bigint, name text, shared text[], uses bigint, successes bigint, by_words numeric,
               by_meaning numeric, type_prior numeric, success numeric, cost_factor numeric)
language sql stable
set search_path = ''
as $$
  with found as (
    -- Never the whole row: a plan would be read from its own storage for each.
    select b.id, b.name, b.goal_type, b.state, c.shared, f.uses, f.successes,
           goalpost_private.relevance_by_words(p_words, b.phrases, cardinality(c.shared)) as by_words,
           goalpost_private.relevance_by_meaning(p_embedding, e.phrases, s.baseline) as by_meaning,
           coalesce(f.recent_uses * h.fading, 0) as recent_uses, coalesce(f.recent_successes * h.fading, 0) as recent_successes,
           case when f.uses > 0 and f.cost_microusd > 0 then f.cost_microusd / f.uses end as mean_cost
      from goalpost_private.retrieve_runbooks(p_words, p_workspace_id, p_explores, 20, p_space, p_embedding) c
      join goalpost.runbooks b on b.id = c.id
      left join goalpost.runbook_embeddings e on e.space = p_space and e.runbook_id = b.id
      left join goalpost.embedding_spaces s on s.name = p_space
      left join goalpost.runbook_statistics f on f.workspace_id = p_workspace_id and f.runbook_id = b.id
     cross join lateral (select goalpost_private.fading(f.folded_at, p_now) as fading) h
  ),
  typed as (
    select *, sum(recent_uses) over t as type_uses, min(mean_cost) over t as least_cost
      from found
    window t as (partition by goal_type)
  )
  select id, name, shared, coalesce(uses, 0), coalesce(successes, 0), by_words, by_meaning,
         round(((1 + type_uses) / (1 + max(type_uses) over ()))::numeric, 3),
         case state when 'candidate' then 1.0
                    else round(goalpost_private.success_bound(recent_successes, recent_uses)::numeric, 3) end,
         case when mean_cost is null then 1 else round(greatest(least_cost::numeric / mean_cost, 0.1), 3) end
    from typed
$$;

-- Returns runbooks for a question, best first, at most five. The score is relevance × type_prior^0.1 × success^0.3 ×
-- cost_factor^0.1 (score_runbooks), where relevance is the greater of that by words and that by meaning. `uncovered` has
-- the words of the question that the runbook does not contain; `fit` is use if it is relevant (0.6) and leaves no word
-- over, adapt if it covers a part, and none below a relevance of 0.2. An action, a filter, a period or an object that the
-- runbook does not mention asks for something else.
--
-- Meaning finds and ranks runbooks, and never excuses an uncovered word. Vectors do not show what a word does to a
-- question: "Which suppliers deliver early?", "How did online sales go last week?" and "Disable failed logins" are nearer
-- (0.61 with multilingual-e5-small) to the runbooks of late suppliers, weekly sales and failed logins than paraphrases
-- without a common word are to theirs (0.33 in the median, 0.49 at most). So a paraphrase is adapt: a model decides.
--
-- Full coverage alone has a relevance by words of 0.4; the rest is similarity to one of the runbook's phrases. Only the
-- first 4000 characters of a question are compared, and only the 20 runbooks that share the most words or are the
-- nearest, since every claim of an assessment or a plan waits for this. One that shares no word and is hardly related is
-- left out. Without a vector of the question (p_embedding, in p_space) words alone count.
create function goalpost_private.match_runbooks(
  p_question text, p_workspace_id uuid, p_user_id uuid, p_request_id bigint default null,
  p_space text default null, p_embedding extensions.halfvec default null
)
returns table (runbook_id bigint, name text, version integer, title text, description text, goal_type text, score numeric,
               relevance numeric, relevance_by_words numeric, relevance_by_meaning numeric, type_prior numeric, success numeric, cost_factor numeric, is_explored boolean, fit text,
               reasons jsonb, uncovered text[], allowed boolean, refusal text, parameters jsonb, plan jsonb)
language sql stable
set search_path = ''
as $$
  with question as materialized (
    select array(select w from unnest(tsvector_to_array(goalpost_private.words_of(left(p_question, 4000)))) w
                  where w <> all (goalpost_private.filler_words()) order by w) as words
  ),
  best as (
    select m.*, r.relevance,
           round((r.relevance * m.type_prior ^ 0.1 * m.success ^ 0.3 * m.cost_factor ^ 0.1)::numeric, 3) as score
      from question q
     cross join lateral goalpost_private.score_runbooks(
       q.words, p_workspace_id, goalpost_private.explores(p_request_id), goalpost_private.clock(), p_space, p_embedding) m
     cross join lateral (select greatest(m.by_words, m.by_meaning) as relevance) r
     where m.shared <> '{}' or r.relevance >= 0.2
     order by score desc, m.name
     limit 5
  )
  select b.id, b.name, b.version, b.title, b.description, b.goal_type, m.score, m.relevance, m.by_words, m.by_meaning,
         m.type_prior, m.success, m.cost_factor, b.state = 'candidate',
         case when m.relevance < 0.2 then 'none' when m.relevance >= 0.6 and u.uncovered = '{}' then 'use' else 'adapt' end,
         case when m.shared <> '{}' then jsonb_build_array('shared words: ' || array_to_string(m.shared, ', ')) else '[]' end
         || case when m.by_meaning > m.by_words then jsonb_build_array('near in meaning: ' || m.by_meaning) else '[]' end
         || case when m.uses > 0 then jsonb_build_array(format('%s of %s runs in this workspace completed', m.successes, m.uses))
                 else '[]' end,
         u.uncovered, r.refusal is null, r.refusal, goalpost_private.parameters_schema(b), b.plan
    from best m
    join goalpost.runbooks b on b.id = m.runbook_id
   cross join lateral (select goalpost_private.runbook_refusal(b, p_user_id) as refusal) r
   cross join lateral (
     select goalpost_private.uncovered_words(left(p_question, 4000), (select q.words from question q), m.shared, b, p_workspace_id) as uncovered) u
   order by m.score desc, b.name
$$;

-- Returns the runbooks for the question of a request, as an assessment receives them: without their plans.
create function goalpost_private.candidates_of_request(p_request_id bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(m) - 'plan' order by m.score desc), '[]')
    from goalpost.requests q
    left join goalpost_private.request_embeddings e on e.workspace_id = q.workspace_id and e.request_id = q.id
   cross join lateral goalpost_private.match_runbooks(q.question, q.workspace_id, q.user_id, q.id, e.space, e.embedding) m
   where q.id = p_request_id
$$;

-- Matches runbooks to a goal's run: by the question and its vector at the root, by the words of the goal's title and
-- description below it.
create function goalpost_private.match_runbooks_of_run(p_run goalpost.workflow_runs)
returns table (runbook_id bigint, name text, version integer, title text, description text, goal_type text, score numeric,
               relevance numeric, relevance_by_words numeric, relevance_by_meaning numeric, type_prior numeric, success numeric, cost_factor numeric, is_explored boolean, fit text,
               reasons jsonb, uncovered text[], allowed boolean, refusal text, parameters jsonb, plan jsonb)
language sql stable
set search_path = ''
as $$
  select m.*
    from goalpost.goals g
    join goalpost.requests q on q.id = g.request_id
    left join goalpost_private.request_embeddings e
      on e.workspace_id = q.workspace_id and e.request_id = q.id and g.parent_goal_id is null
   cross join lateral goalpost_private.match_runbooks(
     case when g.parent_goal_id is null then q.question else g.title || ' ' || g.description end,
     p_run.workspace_id, p_run.user_id, q.id, e.space, e.embedding) m
   where g.id = p_run.goal_id
$$;

-- Records the runbooks that were considered for the plan that a run follows now.
create function goalpost_private.record_matches(p_run goalpost.workflow_runs) returns void
language sql
set search_path = ''
as $$
  insert into goalpost.runbook_matches
    (run_id, revision, runbook_id, workspace_id, position, relevance, relevance_by_words, relevance_by_meaning, type_prior, success, cost_factor, score, is_explored,
     fit, uncovered, refusal, is_chosen)
  select p_run.id, p_run.revision, m.runbook_id, p_run.workspace_id, row_number() over (order by m.score desc, m.name),
         m.relevance, m.relevance_by_words, m.relevance_by_meaning, m.type_prior, m.success, m.cost_factor, m.score, m.is_explored, m.fit, m.uncovered, m.refusal,
         m.runbook_id is not distinct from p_run.runbook_id
    from goalpost_private.match_runbooks_of_run(p_run) m
$$;
