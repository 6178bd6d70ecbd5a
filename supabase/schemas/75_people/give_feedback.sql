-- Ratings of ended goals and steps. A completed goal or step that more people rate bad than good counts as failed in the
-- statistics of its runbook or agent: the difference is appended, and folded in by the next sweep.

-- Refuses a rating of a goal that has not ended, or of a step that it does not have (ZG001, ZG004), and appends the
-- change that the rating makes to the statistics. After the row, so that row-level security has already refused the
-- ratings of other workspaces. Ratings of one goal wait for each other. Definer: people may not write statistics.
create function goalpost_private.append_rating() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_agent_id bigint;
  v_completed boolean;
  v_effect integer;
  v_before integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('goalpost.feedback', new.goal_id));
  if (select g.state from goalpost.goals g where g.workspace_id = new.workspace_id and g.id = new.goal_id) = 'active' then
    perform goalpost_private.refuse('ZG004', 'a goal is rated when it has ended');
  end if;
  select * into v_run from goalpost.workflow_runs r where r.workspace_id = new.workspace_id and r.goal_id = new.goal_id;
  select s.agent_id, s.state = 'completed' into v_agent_id, v_completed
    from goalpost.steps s where s.run_id = v_run.id and s.key = new.step_key;
  if not found and new.step_key <> '' then
    perform goalpost_private.refuse('ZG001', format('the goal %s has no step %s', new.goal_id, left(new.step_key, 100)));
  end if;
  v_completed := case new.step_key when '' then v_run.state = 'completed' else v_completed end;
  select case when v_completed and count(*) filter (where f.rating = 'bad') > count(*) filter (where f.rating = 'good') then -1 else 0 end
    into v_effect
    from goalpost.feedback f where f.goal_id = new.goal_id and f.step_key = new.step_key;
  v_before := coalesce((select e.effect from goalpost_private.rating_effects e
                         where e.workspace_id = new.workspace_id and e.goal_id = new.goal_id and e.step_key = new.step_key), 0);
  if v_effect = v_before then
    return null;
  end if;
  insert into goalpost_private.rating_effects as e (workspace_id, goal_id, step_key, effect)
  values (new.workspace_id, new.goal_id, new.step_key, v_effect)
  on conflict (workspace_id, goal_id, step_key) do update set effect = excluded.effect;
  insert into goalpost.unfolded_statistics (workspace_id, day, runbook_id, agent_id, successes)
  select new.workspace_id, (v_run.ended_at at time zone 'UTC')::date, case new.step_key when '' then v_run.runbook_id end, v_agent_id,
         v_effect - v_before
   where case new.step_key when '' then v_run.runbook_id else v_agent_id end is not null;
  if new.step_key = '' then
    insert into goalpost.unfolded_statistics (workspace_id, day, memory_id, successes)
    select new.workspace_id, (v_run.ended_at at time zone 'UTC')::date, l, v_effect - v_before from goalpost_private.lessons_of_run(v_run) l;
  end if;
  return null;
end
$$;

create trigger append_rating after insert or update of rating on goalpost.feedback
  for each row execute function goalpost_private.append_rating();

-- Rates a goal, or one of its steps, as the caller: {"goal_id", "step_key", "rating", "request_id"}. A rating of the same
-- goal or step replaces the caller's earlier one. p_again: a new request is accepted that asks the goal's question again
-- and brings the rating's comment; the first goal stays as it was. By members; again only by the person who asked, because
-- question and context would run with the rights of another. Safe to repeat without p_again. Raises ZG001, ZG002, ZG003,
-- ZG004 (not ended), and what accept_requests raises.
-- Definer: people may only insert ratings.
create function goalpost_private.give_feedback(
  p_goal_id bigint, p_rating text, p_comment text, p_step_key text, p_again boolean
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_goal goalpost.goals;
  v_again jsonb;
begin
  select * into v_goal from goalpost.goals g where g.id = p_goal_id;
  perform goalpost_private.require_role(v_goal.workspace_id, 'member');
  if coalesce(p_rating, '') not in ('good', 'bad') then
    perform goalpost_private.refuse('ZG003', 'a rating is good or bad');
  elsif length(p_comment) > 4000 then
    perform goalpost_private.refuse('ZG003', 'a comment has at most 4000 characters');
  elsif p_again and v_goal.user_id <> auth.uid() then
    perform goalpost_private.refuse('ZG002', 'only the person who asked may ask it again',
      'rate it without asking again, or ask a question of your own');
  end if;
  insert into goalpost.feedback as f (goal_id, step_key, user_id, workspace_id, rating, comment, rated_at)
  values (p_goal_id, coalesce(p_step_key, ''), auth.uid(), v_goal.workspace_id, p_rating, nullif(goalpost_private.trimmed(p_comment), ''), goalpost_private.clock())
  on conflict (goal_id, step_key, user_id) do update
    set rating = excluded.rating, comment = excluded.comment, rated_at = excluded.rated_at;
  if p_again then
    v_again := goalpost_private.ask_again(v_goal, p_comment);
  end if;
  return jsonb_build_object('goal_id', p_goal_id, 'step_key', coalesce(p_step_key, ''), 'rating', p_rating)
         || coalesce(jsonb_build_object('request_id', v_again -> 'request_id'), '{}');
end
$$;

-- Accepts a request, as the caller, that asks the question of a goal's request again: with its context, runbook,
-- parameters and budget, and the remark. Not with the report: it may contain untrusted content, and the context of a
-- request counts as the requester's own words.
-- The request of a rule stays one: its question contains text of a row.
create function goalpost_private.ask_again(p_goal goalpost.goals, p_remark text) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_accepted jsonb;
begin
  select goalpost_private.accept_requests(p_goal.workspace_id, jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
           'question', q.question, 'runbook', q.runbook, 'parameters', q.parameters, 'budget', q.budget,
           'context', (q.context - 'earlier') || jsonb_build_object('earlier', jsonb_strip_nulls(jsonb_build_object(
             'goal_id', p_goal.id, 'remark', nullif(goalpost_private.trimmed(p_remark), '')))))))) -> 0
    into v_accepted
    from goalpost.requests q where q.workspace_id = p_goal.workspace_id and q.id = p_goal.request_id;
  update goalpost.requests n set rule_depth = q.rule_depth
    from goalpost.requests q
   where n.id = (v_accepted ->> 'request_id')::bigint and q.workspace_id = p_goal.workspace_id and q.id = p_goal.request_id
     and q.rule_depth > 0;
  return v_accepted;
end
$$;

create function goalpost.give_feedback(
  p_goal_id bigint, p_rating text, p_comment text default null, p_step_key text default '', p_again boolean default false
) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.give_feedback(p_goal_id, p_rating, p_comment, p_step_key, p_again) $$;
