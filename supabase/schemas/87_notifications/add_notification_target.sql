-- Returns the host of a URL as workspaces list it: `host`, or `host:port` where the port is not 443; null for what is no
-- http URL, or has a user.
create function goalpost_private.host_of_url(p_url text) returns text
language sql immutable
set search_path = ''
as $$
  select lower(u.part[2]) || case when coalesce(u.part[4], case lower(u.part[1]) when 'http' then '80' else '443' end) = '443' then ''
                                  else ':' || coalesce(u.part[4], '80') end
    from regexp_match(p_url, '^(https?)://([A-Za-z0-9.-]+)(:([0-9]{1,5}))?(?:[/?][!-~]*)?$', 'i') u (part)
$$;

-- Returns the reason why a target cannot have this address; null if it can. Its host, or the domain of its mail, has to be
-- on the workspace's list: a message leaves the workspace like a webhook or a mail of a tool. A person's own mail goes to
-- the address of the account alone.
create function goalpost_private.target_address_problem(p_workspace goalpost.workspaces, p_kind text, p_address text, p_shared boolean)
returns text
language sql stable
set search_path = ''
as $$
  select case
    when p_kind <> 'email' and h.host is null then
      'the address of a webhook is an https URL of printable characters, without a user and a fragment'
    when p_kind <> 'email' and h.host <> all (p_workspace.webhook_hosts) then
      format('%s is not among the hosts that this workspace may post to (webhook_hosts)', h.host)
    when p_kind = 'email' and not p_shared and p_address is null then
      'your account has no confirmed e-mail address'
    when p_kind = 'email' and not p_shared and p_address is distinct from goalpost_private.my_email() then
      'your own mail goes to the address of your account'
    when p_kind = 'email' and (p_address ~ '^[A-Za-z0-9._%+-]{1,64}@[a-z0-9.-]{1,189}$') is not true then
      'an e-mail address is name@domain'
    when p_kind = 'email' and split_part(p_address, '@', 2) <> all (p_workspace.email_domains) then
      format('%s is not among the domains that this workspace may write to (email_domains)', split_part(p_address, '@', 2)) end
    from (select goalpost_private.host_of_url(p_address) as host) h
$$;

-- Adds a target: {"target_id", "name", "kind", "shown_address", …, "secret" (of a webhook, shown this once)}. p_target:
-- {"name", "kind" (webhook, slack, email), "address" (a URL or an e-mail address; the account's if absent), "shared"
-- (of the workspace, by admins; otherwise the caller's own), "occasions" (all if absent)}. The URL and the secret go into
-- Vault and are never returned again. By members. Raises ZG001, ZG002, ZG003, ZG004 (the name is taken), ZG006.
-- Definer: people may not write targets.
create function goalpost_private.add_notification_target(p_workspace_id uuid, p_target jsonb) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_workspace goalpost.workspaces;
  v_target goalpost.notification_targets;
  v_is_shared constant boolean := coalesce(p_target -> 'shared' = 'true', false);
  v_kind constant text := p_target ->> 'kind';
  v_address text;
  v_problem text;
  v_secret text;
begin
  perform goalpost_private.require_role(p_workspace_id, case when v_is_shared then 'admin' else 'member' end);
  v_problem := goalpost_private.json_problem('{
    "type": "object", "additionalProperties": false, "required": ["name", "kind"],
    "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 32}, "kind": {"enum": ["webhook", "slack", "email"]},
      "address": {"type": "string", "minLength": 3, "maxLength": 1000}, "shared": {"type": "boolean"},
      "occasions": {"type": "array", "items": {"type": "string"}, "maxItems": 10}}}', coalesce(p_target, 'null'), 'the target');
  if v_problem is null and p_target ->> 'name' !~ '^[a-z][a-z0-9_-]{0,31}$' then
    v_problem := 'a target''s name is a lower-case letter, then up to 31 letters, digits, - or _';
  end if;
  -- Locks the workspace's row: otherwise two concurrent calls could both pass the cap.
  select * into v_workspace from goalpost.workspaces w where w.id = p_workspace_id for no key update;
  v_address := coalesce(p_target ->> 'address', case when v_kind = 'email' and not v_is_shared then goalpost_private.my_email() end);
  if v_kind = 'email' then
    v_address := lower(v_address);
  end if;
  v_problem := coalesce(v_problem, goalpost_private.target_address_problem(v_workspace, v_kind, v_address, v_is_shared),
                        goalpost_private.occasions_problem(p_target -> 'occasions'));
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem);
  end if;
  if (select count(*) from goalpost.notification_targets t
       where t.workspace_id = p_workspace_id and t.user_id is not distinct from case when not v_is_shared then auth.uid() end)
     >= (select l.max_notification_targets from goalpost_private.limits l)
  then
    perform goalpost_private.refuse('ZG006', 'there are as many targets as one person or workspace may have', 'remove one first');
  end if;
  insert into goalpost.notification_targets
    (workspace_id, user_id, name, kind, shown_address, occasions, time_zone, created_by, created_at)
  values
    (p_workspace_id, case when not v_is_shared then auth.uid() end, p_target ->> 'name', v_kind,
     case v_kind when 'email' then v_address else goalpost_private.host_of_url(v_address) end,
     coalesce(goalpost_private.json_names_of(p_target -> 'occasions'), goalpost_private.occasions()), v_workspace.time_zone,
     auth.uid(), goalpost_private.clock())
  on conflict on constraint one_target_of_a_name do nothing
  returning * into v_target;
  if v_target.id is null then
    perform goalpost_private.refuse('ZG004', format('there is a target called %s already', p_target ->> 'name'), 'remove it first');
  end if;
  if v_kind = 'webhook' then
    v_secret := 'whsec_' || encode(extensions.gen_random_bytes(32), 'base64');
  end if;
  if v_kind <> 'email' then
    perform vault.create_secret(jsonb_build_object('url', v_address, 'secret', v_secret)::text,
                                goalpost_private.target_secret_name(v_target.id));
  end if;
  return goalpost_private.describe_target(v_target) || case when v_secret is null then '{}' else jsonb_build_object('secret', v_secret) end;
end
$$;

create function goalpost.add_notification_target(p_workspace_id uuid, p_target jsonb) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.add_notification_target(p_workspace_id, p_target) $$;

-- Returns the occasions that a target may take.
create function goalpost_private.occasions() returns text[]
language sql immutable
set search_path = ''
as $$
  select array['approval.requested', 'approval.escalated', 'approval.expiring', 'request.completed', 'request.failed', 'budget.reached']
$$;

-- Returns the reason why a list of occasions is not one; null if it is, or if there is none.
create function goalpost_private.occasions_problem(p_occasions jsonb) returns text
language sql immutable
set search_path = ''
as $$
  select format('%s is no occasion; there are %s', left(o, 100), array_to_string(goalpost_private.occasions(), ', '))
    from unnest(goalpost_private.json_names_of(p_occasions)) o
   where o <> all (goalpost_private.occasions()) limit 1
$$;
