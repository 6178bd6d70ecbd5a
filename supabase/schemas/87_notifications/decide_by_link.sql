-- Decides by a link as its person: the reply of decide_approval. Uses up this link and every other of the same approval,
-- person and version. Called by intake for the form of the page. A refusal uses nothing up. Raises as usable_link and
-- decide_approval. Locks the tree, so that a second use waits for the first and is refused.
create function goalpost_worker.decide_by_link(p_token text, p_decision text, p_comment text default null, p_answer jsonb default null)
returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_claims constant text := current_setting('request.jwt.claims', true);
  v_found record := goalpost_private.usable_link(p_token);
  v_notification goalpost.notifications;
  v_decided jsonb;
begin
  perform goalpost_private.lock_trees(array[(v_found.approval).run_id]);
  -- Again under the lock: it may have been used or edited meanwhile.
  v_found := goalpost_private.usable_link(p_token);
  v_notification := v_found.notification;
  update goalpost_private.decision_links l set used_at = goalpost_private.clock()
    from goalpost.notifications n
   where n.id = l.notification_id and n.workspace_id = v_notification.workspace_id and n.approval_id = v_notification.approval_id
     and n.user_id = v_notification.user_id and n.approval_version is not distinct from v_notification.approval_version;
  perform set_config('request.jwt.claims', jsonb_build_object('sub', v_notification.user_id, 'role', 'authenticated')::text, true);
  v_decided := goalpost_private.decide_approval(
    v_notification.approval_id, p_decision, p_comment, null, p_answer, v_notification.approval_version);
  perform set_config('request.jwt.claims', coalesce(v_claims, ''), true);
  return v_decided;
end
$$;
