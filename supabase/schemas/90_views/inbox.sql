-- The caller's pending decisions and questions, the oldest first, each with its exact subject. Approvals that are
-- decided with another, or that have the caller's vote already, are not shown. If another person edited the subject,
-- `original` is the first version, for a comparison with `subject`.
create view goalpost.inbox with (security_invoker = true) as
  select a.id as approval_id, a.workspace_id, a.goal_id, a.run_id, a.step_key, a.question, a.shown, a.required_role,
         a.requested_at, a.expires_at, g.title as goal_title, a.kind, a.call_number, c.tool,
         coalesce(a.edited, a.subject) as subject, v.version as subject_hash,
         a.answer_schema, a.quorum, goalpost_private.count_votes(a) as votes, a.escalates_at, a.escalates_to,
         case when a.edited is not null then a.subject end as original, a.edited_by, a.answer as proposed_answer,
         case when a.decider_id is not null then 'requester' else a.required_role end as waits_for
    from goalpost.approvals a
    join goalpost.workflow_runs r on r.id = a.run_id
    left join goalpost.goals g on g.id = a.goal_id
    left join goalpost.tool_calls c on c.run_id = a.run_id and c.step_key = a.step_key and c.number = a.call_number
   cross join lateral (select goalpost_private.version_of(a) as version) v
   where a.state = 'pending' and a.decided_with is null
     and case when a.decider_id is not null
              then a.decider_id = (select auth.uid()) and goalpost_private.may_decide(a.workspace_id, 'member')
              else goalpost_private.may_decide(a.workspace_id, a.required_role)
                   and (a.requester_may_decide or r.user_id <> (select auth.uid()))
                   and not exists (
                     select from goalpost.approval_votes o
                      where o.approval_id = a.id and o.user_id = (select auth.uid())
                        and o.subject_hash is not distinct from v.version)
         end
   order by a.requested_at;
comment on view goalpost.inbox is
  'Decisions and questions that wait for the caller, oldest first, each with its exact subject.';
