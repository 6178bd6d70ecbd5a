-- Returns why a proposal cannot be made; null if it can. Proposals are derived from people's rows, and checked as a
-- person's own input would be.
create function goalpost_private.improvement_problem(p_workspace_id uuid, p_kind text, p_change jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_problems jsonb;
begin
  case p_kind
    when 'runbook' then
      v_problems := goalpost_private.runbook_problems(p_workspace_id, p_change);
      return coalesce(v_problems -> 0 ->> 'message', goalpost_private.personal_data_problem(p_workspace_id, p_change));
    when 'agent' then
      return goalpost_private.agent_problem(p_workspace_id, p_change);
    when 'lesson' then
      return goalpost_private.json_problem(
        '{"type": "object", "required": ["title", "text", "trust"], "additionalProperties": false, "properties": {
            "title": {"type": "string", "minLength": 1, "maxLength": 300},
            "text": {"type": "string", "minLength": 1, "maxLength": 8000}, "trust": {"enum": ["trusted", "untrusted"]}}}',
        p_change, 'the lesson');
    when 'policy' then
      return goalpost_private.json_problem(
        '{"type": "object", "required": ["tool", "effect"], "additionalProperties": false, "properties": {
            "tool": {"type": "string", "minLength": 1, "maxLength": 200}, "effect": {"enum": ["allow", "deny"]}}}',
        p_change, 'the policy');
    when 'finding' then
      return case when p_change <> '{}' then 'a finding changes nothing' end;
    else
      return 'an improvement is a runbook, an agent, a lesson, a policy or a finding';
  end case;
end
$$;

-- Returns a problem if a runbook contains the id or the e-mail address of a person of the workspace; null otherwise.
create function goalpost_private.personal_data_problem(p_workspace_id uuid, p_runbook jsonb) returns text
language sql stable
set search_path = ''
as $$
  select 'the runbook would contain data of one person'
   where exists (
     select from goalpost.members m left join auth.users u on u.id = m.user_id
      where m.workspace_id = p_workspace_id
        and (strpos(p_runbook::text, m.user_id::text) > 0
             or u.email <> '' and strpos(lower(p_runbook::text), lower(u.email)) > 0))
$$;

-- Returns why a person's version of a proposal cannot replace it; null if it can.
create function goalpost_private.improvement_edit_problem(p_approval goalpost.approvals, p_edited jsonb) returns text
language sql stable
set search_path = ''
as $$
  select goalpost_private.improvement_problem(i.workspace_id, i.kind, p_edited)
    from goalpost.improvements i
   where i.workspace_id = p_approval.workspace_id and i.approval_id = p_approval.id
$$;

-- Applies the result of an analysis: {"text", "improvements": [{"kind", "title", "change", "fingerprint", "evidence",
-- "expected"}]}. Measures the improvements in effect, ends the run, and proposes the new ones, at most 20. What cannot be
-- proposed is listed with its reason in the step's result ("refused"). Returns a message if the result is refused.
create function goalpost_private.apply_analysis(
  p_step goalpost.steps, p_result jsonb, p_now timestamptz, out message text, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_improvement jsonb;
  v_problem text;
  v_refused jsonb := '[]';
  v_proposed jsonb := '[]';
  v_text text;
begin
  functions := '{}';
  if coalesce(jsonb_typeof(p_result -> 'improvements'), '') <> 'array' or coalesce(p_result ->> 'text', '') = '' then
    message := 'an analysis has a text and a list of improvements';
    return;
  end if;
  perform goalpost_private.measure_improvements(p_step.workspace_id, p_now);
  perform goalpost_private.measure_trials(p_step.workspace_id, p_now);
  for v_improvement in
    select i.value from jsonb_array_elements(p_result -> 'improvements') with ordinality i (value, number)
     where i.number <= 20 order by i.number
  loop
    v_problem := goalpost_private.improvement_problem(p_step.workspace_id, v_improvement ->> 'kind', v_improvement -> 'change');
    if v_problem is not null then
      v_refused := v_refused || jsonb_build_object('title', v_improvement -> 'title', 'reason', left(v_problem, 1000));
      continue;
    end if;
    v_proposed := v_proposed || v_improvement;
  end loop;
  perform goalpost_private.complete_step(
    p_step, jsonb_build_object('text', p_result -> 'text', 'proposed', jsonb_array_length(v_proposed), 'refused', v_refused), p_now);
  functions := goalpost_private.end_run(p_step.run_id, 'completed', null,
    jsonb_build_object('proposed', jsonb_array_length(v_proposed)), p_result ->> 'text', p_now);
  for v_improvement in select i.value from jsonb_array_elements(v_proposed) i loop
    perform goalpost_private.propose_improvement(p_step, v_improvement, p_now);
  end loop;
end
$$;

-- Inserts a proposal and opens the approval that decides on it, by admins, within 30 days. A verified runbook of a
-- workspace that tries them is approved at once, as a candidate. Nothing happens if the same is pending, in effect, or
-- was rejected lately.
create function goalpost_private.propose_improvement(p_step goalpost.steps, p_improvement jsonb, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_improvement goalpost.improvements;
begin
  if exists (select from goalpost.improvements i
              where i.workspace_id = p_step.workspace_id and i.kind = p_improvement ->> 'kind'
                and i.fingerprint = p_improvement ->> 'fingerprint' and i.state = 'rejected'
                and i.changed_at >= p_now - interval '90 days') then
    return;
  end if;
  insert into goalpost.improvements
    (workspace_id, kind, title, change, fingerprint, evidence, expected, run_id, created_at, changed_at)
  values
    (p_step.workspace_id, p_improvement ->> 'kind', left(p_improvement ->> 'title', 300), p_improvement -> 'change',
     p_improvement ->> 'fingerprint', coalesce(p_improvement -> 'evidence', '{}'), coalesce(p_improvement -> 'expected', '{}'),
     p_step.run_id, p_now, p_now)
  on conflict (workspace_id, kind, fingerprint) where state not in ('reverted', 'rejected') do nothing
  returning * into v_improvement;
  if v_improvement.id is null or v_improvement.kind = 'finding' then
    return;
  end if;
  if v_improvement.kind = 'runbook'
     and (select w.learning from goalpost.workspaces w where w.id = p_step.workspace_id) = 'trial' then
    perform goalpost_private.apply_improvement(v_improvement, v_improvement.change, 'approved', p_now);
    return;
  end if;
  v_improvement.approval_id := goalpost_private.ask_person(
    p_step, 'improvement', null, v_improvement.title,
    jsonb_strip_nulls(jsonb_build_object('improvement_id', v_improvement.id, 'kind', v_improvement.kind,
      'evidence', nullif(v_improvement.evidence, '{}'), 'expected', nullif(v_improvement.expected, '{}'))),
    p_now, jsonb_build_object('required_role', 'admin', 'subject', v_improvement.change, 'expires_in_seconds', 2592000));
  update goalpost.improvements i set approval_id = v_improvement.approval_id where i.id = v_improvement.id;
end
$$;
