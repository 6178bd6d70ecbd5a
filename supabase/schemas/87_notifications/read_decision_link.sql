-- Returns what a link decides on, for the page that shows it: {"person", "workspace", "goal_title", "question", "kind",
-- "tool", "subject", "shown", "answer_schema", "decisions", "requester", "required_role", "quorum", "votes", "expires_at"}.
-- Called by intake for a GET of a link. Reads only. Raises as usable_link.
create function goalpost_worker.read_decision_link(p_token text) returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
declare
  v_found constant record := goalpost_private.usable_link(p_token);
  v_approval constant goalpost.approvals := v_found.approval;
begin
  return (
    select jsonb_build_object(
             'person', p.email, 'workspace', w.name, 'goal_title', g.title, 'question', v_approval.question, 'kind', v_approval.kind,
             'tool', c.tool, 'subject', coalesce(v_approval.edited, v_approval.subject), 'shown', v_approval.shown,
             'answer_schema', v_approval.answer_schema, 'requester', q.email, 'required_role', v_approval.required_role,
             'quorum', v_approval.quorum, 'votes', goalpost_private.count_votes(v_approval), 'expires_at', v_approval.expires_at,
             'decisions', goalpost_private.decisions_of(v_approval))
      from goalpost.workspaces w
      join goalpost.workflow_runs r on r.id = v_approval.run_id
      left join auth.users p on p.id = (v_found.notification).user_id
      left join auth.users q on q.id = r.user_id
      left join goalpost.goals g on g.id = v_approval.goal_id
      left join goalpost.tool_calls c on c.run_id = v_approval.run_id and c.step_key = v_approval.step_key and c.number = v_approval.call_number
     where w.id = v_approval.workspace_id);
end
$$;
