-- Turns recorded changes into requests of the rules' owners: each change once.

-- Returns why a change asks nothing, with the outcome; null if it is asked. p_depth: the number of rules in a row.
create function goalpost_private.reason_not_to_ask(
  p_rule goalpost.request_rules, p_change goalpost_private.row_changes, p_depth integer, p_now timestamptz,
  out outcome text, out reason text
)
language plpgsql stable
set search_path = ''
as $$
begin
  outcome := 'refused';
  reason := case
    when p_change.problem is not null then p_change.problem
    when p_rule.state = 'paused' then 'the rule was paused before the change was asked'
    when not exists (select from goalpost.members m
                      where m.workspace_id = p_rule.workspace_id and m.user_id = p_rule.user_id and m.role <> 'viewer')
      then 'the owner of the rule is no member who may ask any more'
    when not exists (select from goalpost.project_admins a where a.user_id = p_rule.user_id)
      then 'the owner of the rule is no project admin any more'
    when p_depth > 3 then 'three rules in a row led to this change; a longer chain is not asked'
    when (select count(*) from goalpost.rule_firings f
           where f.rule_id = p_rule.id and f.outcome = 'asked' and f.decided_at > p_now - interval '1 hour') >= p_rule.max_per_hour
      then format('the rule asked %s times within an hour, as often as it may', p_rule.max_per_hour) end;
  if reason is null and p_change.source = 'webhook' and exists (
    select from goalpost.rule_firings f
     where f.workspace_id = p_rule.workspace_id and f.rule_id = p_rule.id and f.digest = p_change.digest
       and (f.source = 'trigger' or f.changed_at > p_now - interval '1 day'))
  then
    outcome := 'repeated';
    reason := 'the same change was recorded before';
  end if;
end
$$;

-- Inserts and opens the request of a change; null if its key was asked before. Raises what a request may be refused with.
-- The key of a change without one is its own number.
create function goalpost_private.open_request_of_change(
  p_rule goalpost.request_rules, p_change goalpost_private.row_changes, p_depth integer, p_now timestamptz,
  out request_id bigint, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_rendered constant jsonb := goalpost_private.render_rule(
    p_rule, p_change.event, nullif(p_change.row_values -> 'new', 'null'), nullif(p_change.row_values -> 'old', 'null'));
  v_key constant text := coalesce(
    'key ' || encode(sha256(convert_to(v_rendered ->> 'dedupe_key', 'UTF8')), 'hex'), 'change ' || p_change.id);
  v_request goalpost.requests;
begin
  insert into goalpost.requests
    (workspace_id, user_id, question, idempotency_key, context, runbook, parameters, budget, rule_depth, state, goal_id, created_at)
  values
    (p_rule.workspace_id, p_rule.user_id, v_rendered ->> 'question', format('rule %s: %s', p_rule.id, v_key),
     v_rendered -> 'context', p_rule.runbook, v_rendered -> 'parameters', p_rule.budget, p_depth, 'accepted',
     case when p_rule.runbook is not null then nextval('goalpost.goals_id_seq') end, p_now)
  on conflict (workspace_id, user_id, idempotency_key) where idempotency_key is not null do nothing
  returning * into v_request;
  request_id := v_request.id;
  if request_id is not null then
    functions := goalpost_private.open_requests(array[v_request], p_now);
  end if;
end
$$;

-- Asks for one change and records the outcome. A request that is refused, for example over the cap on open ones, is
-- recorded with the reason. Returns the functions to wake.
create function goalpost_private.ask_for_change(p_change goalpost_private.row_changes, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_depth constant integer := 1 + coalesce((
    select q.rule_depth from goalpost.requests q where q.workspace_id = p_change.workspace_id and q.id = p_change.caused_by), 0);
  v_rule goalpost.request_rules;
  v_decided record;
  v_opened record;
begin
  select * into v_rule from goalpost.request_rules r where r.id = p_change.rule_id;
  if not found then
    return '{}';
  end if;
  v_decided := goalpost_private.reason_not_to_ask(v_rule, p_change, v_depth, p_now);
  if v_decided.reason is null then
    begin
      v_opened := goalpost_private.open_request_of_change(v_rule, p_change, v_depth, p_now);
      v_decided.outcome := case when v_opened.request_id is null then 'repeated' else 'asked' end;
      v_decided.reason := case when v_opened.request_id is null then 'its key was asked before' end;
    exception
      when others then
        v_opened := null;
        v_decided.reason := left(sqlerrm, 1000);
    end;
  end if;
  insert into goalpost.rule_firings
    (workspace_id, rule_id, event, source, digest, outcome, request_id, reason, changed_at, decided_at)
  values
    (v_rule.workspace_id, v_rule.id, p_change.event, p_change.source, p_change.digest, v_decided.outcome,
     case v_decided.outcome when 'asked' then v_opened.request_id end, v_decided.reason, p_change.changed_at, p_now);
  return case v_decided.outcome when 'asked' then v_opened.functions else '{}' end;
end
$$;

-- Asks for recorded changes, at most p_limit of each workspace, the oldest first. Called by claims and the sweep. Does not
-- block: a workspace whose lock of open requests another transaction holds is left to a later call. Safe to repeat: a
-- change is deleted in the transaction that asks for it.
create function goalpost_private.ask_for_changes(
  p_limit integer, p_now timestamptz, out asked_count integer, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_workspace uuid;
  v_change goalpost_private.row_changes;
begin
  asked_count := 0;
  functions := '{}';
  for v_workspace in
    select distinct c.workspace_id
      from (select o.workspace_id from goalpost_private.row_changes o order by o.id limit p_limit) c
     order by 1
  loop
    -- The lock of refuse_too_many_requests.
    continue when not pg_try_advisory_xact_lock(hashtextextended('goalpost.open_requests.' || v_workspace, 0));
    for v_change in
      with taken as (
        delete from goalpost_private.row_changes c
         using (select o.id from goalpost_private.row_changes o where o.workspace_id = v_workspace order by o.id limit p_limit
                   for update skip locked) s
         where c.id = s.id
        returning c.*)
      select * from taken order by id
    loop
      functions := functions || goalpost_private.ask_for_change(v_change, p_now);
      asked_count := asked_count + 1;
    end loop;
  end loop;
end
$$;
