-- Links by which a person decides from a message. A link is bound to a message, and so to one approval, one person and
-- one version; it is used once, and ends with the approval. Its token is an HMAC, so that every attempt sends the same
-- one; only its sha256 is stored. A GET reads (scanners fetch links); the decision is decide_approval with the person's
-- claims, which checks the role again.

-- Returns the key of links, random, from Vault; created when it is first needed. Deleting it there ends nothing:
-- a link is valid by the hash that is stored with it.
create function goalpost_private.decision_link_key() returns text
language plpgsql
set search_path = ''
as $$
declare
  v_name constant text := 'goalpost_decision_link_key';
  v_key text := (select s.decrypted_secret from vault.decrypted_secrets s where s.name = v_name);
begin
  if v_key is null then
    perform pg_advisory_xact_lock(hashtextextended('goalpost.decision_link_key', 0));
    v_key := (select s.decrypted_secret from vault.decrypted_secrets s where s.name = v_name);
  end if;
  if v_key is null then
    v_key := encode(extensions.gen_random_bytes(32), 'base64');
    perform vault.create_secret(v_key, v_name);
  end if;
  return v_key;
end
$$;

-- Stores the link of a message about an approval, and returns its token. Safe to repeat: the same token again.
create function goalpost_private.open_decision_link(p_notification goalpost.notifications, p_approval goalpost.approvals) returns text
language plpgsql
set search_path = ''
as $$
declare
  v_signed constant text := concat_ws('/', 'decide', p_notification.id, p_notification.workspace_id, p_approval.id,
    p_notification.user_id, p_notification.approval_version, extract(epoch from p_approval.expires_at));
  v_signature constant bytea := extensions.hmac(convert_to(v_signed, 'UTF8'), decode(goalpost_private.decision_link_key(), 'base64'), 'sha256');
  v_token constant text := p_notification.id || '.' || rtrim(translate(encode(v_signature, 'base64'), '+/', '-_'), '=');
begin
  insert into goalpost_private.decision_links (notification_id, token_hash)
  values (p_notification.id, encode(sha256(convert_to(v_token, 'UTF8')), 'hex'))
  on conflict (notification_id) do update set token_hash = excluded.token_hash;
  return v_token;
end
$$;

-- Returns the message of a link with its approval, or refuses: ZG001 (no such link), ZG002 (the account or the role),
-- ZG004 (used, decided, expired, or another version).
create function goalpost_private.usable_link(p_token text, out notification goalpost.notifications, out approval goalpost.approvals)
language plpgsql stable
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_link goalpost_private.decision_links;
begin
  select l.* into v_link from goalpost_private.decision_links l
   where l.token_hash = encode(sha256(convert_to(left(p_token, 200), 'UTF8')), 'hex');
  select n.* into notification from goalpost.notifications n where n.id = v_link.notification_id;
  select a.* into approval from goalpost.approvals a where a.id = notification.approval_id;
  if approval.id is null then
    perform goalpost_private.refuse('ZG001', 'this link does not exist', 'open the link of the latest message, or decide with goalpost approvals');
  elsif approval.state <> 'pending' then
    perform goalpost_private.refuse('ZG004', format('this has been decided: it is %s', approval.state));
  elsif v_link.used_at is not null then
    perform goalpost_private.refuse('ZG004', 'this link has been used', 'a link decides once');
  elsif approval.expires_at <= v_now then
    perform goalpost_private.refuse('ZG004', 'the time for this decision is over');
  elsif goalpost_private.version_of(approval) is distinct from notification.approval_version then
    perform goalpost_private.refuse('ZG004', 'another person has edited this since the message was sent',
      'open the link of the latest message, or decide with goalpost approvals');
  elsif not exists (select from auth.users u where u.id = notification.user_id and u.deleted_at is null
                       and (u.banned_until is null or u.banned_until <= v_now))
     or not goalpost_private.awaits_decision_of(approval, notification.user_id) then
    perform goalpost_private.refuse('ZG002', 'your decision on this is not awaited any more', 'goalpost approvals shows what is');
  end if;
end
$$;
