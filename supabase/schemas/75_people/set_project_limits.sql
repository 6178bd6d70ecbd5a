-- Changes the project's limits on workspaces; fields that are absent stay. Returns all limits. Called by project
-- admins. Safe to repeat. Raises ZG002, ZG003. Definer: people may not write limits.
create function goalpost_private.set_project_limits(p_limits jsonb) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_problem constant text := goalpost_private.json_problem(
    '{"type": "object", "additionalProperties": false, "properties": {
       "workspaces_by_anyone": {"type": "boolean"}, "aws_requests": {"type": "boolean"},
       "max_workspaces_per_person": {"type": "integer", "minimum": 0, "maximum": 100000},
       "new_workspace_month_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "new_workspace_month_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "person_month_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "person_month_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000}}}',
    coalesce(p_limits, 'null'), 'the limits');
begin
  perform goalpost_private.require_setter(null);
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem);
  end if;
  update goalpost_private.limits l
     set workspaces_by_anyone = coalesce((p_limits ->> 'workspaces_by_anyone')::boolean, l.workspaces_by_anyone),
         aws_requests = coalesce((p_limits ->> 'aws_requests')::boolean, l.aws_requests),
         max_workspaces_per_person = coalesce((p_limits ->> 'max_workspaces_per_person')::numeric, l.max_workspaces_per_person),
         new_workspace_month_microusd =
           coalesce((p_limits ->> 'new_workspace_month_microusd')::numeric, l.new_workspace_month_microusd),
         new_workspace_month_tokens = coalesce((p_limits ->> 'new_workspace_month_tokens')::numeric, l.new_workspace_month_tokens),
         person_month_microusd = coalesce((p_limits ->> 'person_month_microusd')::numeric, l.person_month_microusd),
         person_month_tokens = coalesce((p_limits ->> 'person_month_tokens')::numeric, l.person_month_tokens);
  return (
    select jsonb_build_object(
             'workspaces_by_anyone', l.workspaces_by_anyone, 'aws_requests', l.aws_requests, 'max_workspaces_per_person', l.max_workspaces_per_person,
             'new_workspace_month_microusd', l.new_workspace_month_microusd,
             'new_workspace_month_tokens', l.new_workspace_month_tokens,
             'person_month_microusd', l.person_month_microusd, 'person_month_tokens', l.person_month_tokens)
      from goalpost_private.limits l);
end
$$;

create function goalpost.set_project_limits(p_limits jsonb) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.set_project_limits(p_limits) $$;
