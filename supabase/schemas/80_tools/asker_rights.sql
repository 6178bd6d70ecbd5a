-- The rights under which a step reads and writes the project's tables: those of the person who made the request. The
-- claims of the token that brought a request are stored with it, without the signature, as a snapshot with a lifetime.
-- The account, its bans, its app_metadata and the membership are read again at each use.

-- Stores the claims of the token with which requests are inserted. A request inserted without a token, or for another
-- person (a trigger, a seed), has no snapshot: its steps use the owner's row in auth.users.
-- Of app_metadata only those fields are stored that the account does not have: a token hook added them, and no later
-- read of the account would find them. Definer: people may not write into the private schema.
create function goalpost_private.keep_claims() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_claims constant jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  v_account jsonb;
begin
  if v_claims ->> 'sub' is null then
    return null;
  end if;
  v_account := (select u.raw_app_meta_data from auth.users u where u.id = (v_claims ->> 'sub')::uuid);
  insert into goalpost_private.request_claims (request_id, workspace_id, claims, taken_at)
  select i.id, i.workspace_id, goalpost_private.claims_to_keep(v_claims, v_account), goalpost_private.clock()
    from inserted i where i.user_id = (v_claims ->> 'sub')::uuid;
  return null;
end
$$;

create trigger keep_claims
  after insert on goalpost.requests
  referencing new table as inserted
  for each statement execute function goalpost_private.keep_claims();

-- Returns a token's claims without the fields of app_metadata that the account has too.
create function goalpost_private.claims_to_keep(p_claims jsonb, p_account jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select case jsonb_typeof(p_claims -> 'app_metadata')
    when 'object' then p_claims || jsonb_build_object(
      'app_metadata', (p_claims -> 'app_metadata') - array(select jsonb_object_keys(coalesce(p_account, '{}'))))
    else p_claims end
$$;

-- Returns the claims with which a run acts for its owner now; or a problem, for an account that may not act (`refused`)
-- or a snapshot whose lifetime is over (`is_expired`).
create function goalpost_private.claims_of_asker(
  p_run goalpost.workflow_runs, out claims jsonb, out problem text, out is_expired boolean
)
language plpgsql stable
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_user record;
  v_kept goalpost_private.request_claims;
begin
  is_expired := false;
  select u.email, u.phone, u.raw_app_meta_data, u.raw_user_meta_data, u.is_anonymous, u.banned_until
    into v_user from auth.users u where u.id = p_run.user_id and u.deleted_at is null;
  problem := case
    when not found then 'the account of the person who made the request no longer exists'
    when v_user.banned_until > v_now then 'the account of the person who made the request is banned'
    when not exists (select from goalpost.members m
                      where m.workspace_id = p_run.workspace_id and m.user_id = p_run.user_id
                        and goalpost_private.role_rank(m.role) >= goalpost_private.role_rank('member'))
      then 'the person who made the request is no longer a member of the workspace' end;
  if problem is not null then
    return;
  end if;

  select k.* into v_kept from goalpost_private.request_claims k 
   where k.workspace_id = p_run.workspace_id and k.request_id = p_run.request_id;
  if not found then
    claims := jsonb_build_object(
      'aud', 'authenticated', 'role', 'authenticated', 'sub', p_run.user_id, 'email', coalesce(v_user.email, ''),
      'phone', coalesce(v_user.phone, ''), 'aal', 'aal1', 'is_anonymous', coalesce(v_user.is_anonymous, false),
      'user_metadata', coalesce(v_user.raw_user_meta_data, '{}'),
      'app_metadata', coalesce(v_user.raw_app_meta_data, '{}'));
    return;
  end if;
  is_expired := v_kept.taken_at + (select l.claims_lifetime from goalpost_private.limits l) <= v_now;
  claims := v_kept.claims || jsonb_build_object('sub', p_run.user_id, 'role', 'authenticated', 'app_metadata',
    coalesce(v_kept.claims -> 'app_metadata', '{}') || coalesce(v_user.raw_app_meta_data, '{}'));
end
$$;

-- Suspends a step until its requester renews the claims of the request: {"waits_for": "renewal"}. One approval per
-- request is decided; those of other steps follow it. Safe to repeat: a step has one such approval. Expects the lease
-- to be held.
create function goalpost_private.ask_for_renewal(p_step goalpost.steps, p_run goalpost.workflow_runs) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_first bigint;
begin
  perform goalpost_private.lock_leased_step(p_step.run_id, p_step.key, p_step.lease_epoch);
  v_now := goalpost_private.clock();
  if not exists (select from goalpost.approvals a
                  where a.run_id = p_step.run_id and a.step_key = p_step.key and a.kind = 'renewal' and a.state = 'pending')
  then
    select min(a.id) into v_first
      from goalpost.approvals a join goalpost.workflow_runs r on r.id = a.run_id
     where r.workspace_id = p_run.workspace_id and r.request_id = p_run.request_id
       and a.kind = 'renewal' and a.state = 'pending' and a.decided_with is null;
    perform goalpost_private.ask_person(
      p_step, 'renewal', null,
      'The rights under which this request reads and writes your tables are older than allowed. Approve to renew them from your present sign-in.',
      jsonb_build_object('requester', p_run.user_id), v_now,
      jsonb_build_object('required_role', 'member', 'decided_with', v_first));
  end if;
  return jsonb_build_object('waits_for', 'renewal');
end
$$;

-- Applies a renewal. Approved by the requester: the claims of the decision's own token replace the snapshot, and every
-- waiting step of the request resumes; otherwise these steps fail. Raises ZG002 for an approval by another person.
create function goalpost_private.apply_renewal(
  p_step goalpost.steps, p_approval goalpost.approvals, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs := (select r from goalpost.workflow_runs r where r.id = p_step.run_id);
  v_claims constant jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  v_other goalpost.approvals;
  v_functions text[];
begin
  if p_approval.state = 'approved' then
    if v_claims ->> 'sub' is distinct from v_run.user_id::text then
      perform goalpost_private.refuse('ZG002', 'only the person who made the request can renew its rights');
    end if;
    insert into goalpost_private.request_claims (request_id, workspace_id, claims, taken_at)
    select v_run.request_id, v_run.workspace_id, goalpost_private.claims_to_keep(v_claims, u.raw_app_meta_data), p_now
      from auth.users u where u.id = v_run.user_id
    on conflict (workspace_id, request_id) do update set claims = excluded.claims, taken_at = excluded.taken_at;
    v_functions := goalpost_private.resume_step(p_step.run_id, p_step.key, p_now);
  elsif p_step.state = 'waiting' then
    v_functions := goalpost_private.fail_step(
      p_step, goalpost_private.refusal_of(p_approval, false) || jsonb_build_object('code', 'rights_expired', 'message',
        format('the rights of the request were not renewed: %s',
               goalpost_private.refusal_of(p_approval, false) ->> 'message')), 'failed', p_now);
  end if;
  for v_other in
    update goalpost.approvals a
       set state = p_approval.state, decided_by = p_approval.decided_by, decided_at = p_now,
           comment = format('decided with approval %s', p_approval.id)
     where a.decided_with = p_approval.id and a.state = 'pending'
    returning a.*
  loop
    v_functions := v_functions || goalpost_private.apply_decision(v_other, p_now);
  end loop;
  return coalesce(v_functions, '{}');
end
$$;
