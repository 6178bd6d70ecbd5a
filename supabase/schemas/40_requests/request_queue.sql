-- The Supabase Queue goalpost_requests. A message is a request, with the workspace and the person it is for:
-- {"workspace_id", "user_id", "question", "idempotency_key", "context", "runbook", "parameters", "budget"}.

-- Writes the sender into a message, and wakes intake. A signed-in person is the person of the message, whatever it names;
-- the project's own back end (service_role, or a session of the database without a token) names the person. Refuses every
-- other sender: ZG002. Definer: people may not send wakes.
create function goalpost_private.stamp_queued_request() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_claims constant jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
begin
  if coalesce(v_claims ->> 'role', 'service_role') <> 'service_role' or v_claims ->> 'sub' is not null then
    if auth.uid() is null then
      perform goalpost_private.refuse('ZG002', 'sign in first');
    elsif jsonb_typeof(new.message) is distinct from 'object' then
      perform goalpost_private.refuse('ZG003', 'a message is a request: an object with workspace_id and question');
    end if;
    new.message := new.message || jsonb_build_object('user_id', auth.uid());
  end if;
  perform goalpost_private.wake_for_change(goalpost_private.clock());
  return new;
end
$$;

create trigger stamp_queued_request before insert on pgmq.q_goalpost_requests
  for each row execute function goalpost_private.stamp_queued_request();
alter table pgmq.q_goalpost_requests enable row level security;
alter table pgmq.a_goalpost_requests enable row level security;

-- Returns a text as a UUID; null if it is none.
create function goalpost_private.as_uuid(p_text text) returns uuid
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_text::uuid;
exception
  when data_exception then
    return null;
end
$$;

-- Returns what is wrong with a message; null if nothing is.
create function goalpost_private.message_problem(p_message jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_problem text;
begin
  perform goalpost_private.refuse_unfit_shape('the message', p_message, 262144);
  v_problem := goalpost_private.json_problem('{
    "type": "object", "additionalProperties": false, "required": ["workspace_id", "user_id", "question"],
    "properties": {
      "workspace_id": {"type": "string"}, "user_id": {"type": "string"}, "question": {"type": "string"},
      "idempotency_key": {"type": "string"}, "context": {"type": "object"}, "runbook": {"type": "string"},
      "parameters": {"type": "object"}, "budget": {"type": "object"}}}', coalesce(p_message, 'null'), 'the message');
  return coalesce(v_problem, case
    when not exists (
      select from goalpost.members m
       where m.workspace_id = goalpost_private.as_uuid(p_message ->> 'workspace_id')
         and m.user_id = goalpost_private.as_uuid(p_message ->> 'user_id') and m.role <> 'viewer')
    then 'its person is no member of its workspace who may ask' end);
exception
  when sqlstate 'ZG003' or sqlstate 'ZG007' then
    return sqlerrm;
end
$$;

-- Inserts and opens the request of a message without a problem; null if its key was asked before with the same request.
-- Raises ZG004 (key used for another request), and what a request may be refused with.
create function goalpost_private.open_request_of_message(
  p_message jsonb, p_key text, p_now timestamptz, out request_id bigint, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_request goalpost.requests;
begin
  insert into goalpost.requests
    (workspace_id, user_id, question, idempotency_key, context, runbook, parameters, budget, state, goal_id, created_at)
  values
    ((p_message ->> 'workspace_id')::uuid, (p_message ->> 'user_id')::uuid, p_message ->> 'question', p_key,
     coalesce(p_message -> 'context', '{}'), p_message ->> 'runbook', coalesce(p_message -> 'parameters', '{}'),
     coalesce(p_message -> 'budget', '{}'), 'accepted',
     case when p_message ? 'runbook' then nextval('goalpost.goals_id_seq') end, p_now)
  on conflict (workspace_id, user_id, idempotency_key) where idempotency_key is not null do nothing
  returning * into v_request;
  request_id := v_request.id;
  if request_id is not null then
    functions := goalpost_private.open_requests(array[v_request], p_now);
  elsif not exists (
    select from goalpost.requests q
     where q.workspace_id = (p_message ->> 'workspace_id')::uuid and q.user_id = (p_message ->> 'user_id')::uuid
       and q.idempotency_key = goalpost_private.trimmed(p_key)
       and q.question = goalpost_private.trimmed(p_message ->> 'question') and q.context = coalesce(p_message -> 'context', '{}')
       and q.runbook is not distinct from p_message ->> 'runbook' and q.parameters = coalesce(p_message -> 'parameters', '{}')
       and q.budget = coalesce(p_message -> 'budget', '{}'))
  then
    perform goalpost_private.refuse('ZG004', 'its idempotency key was used for another request');
  end if;
end
$$;

-- Accepts the request of a message and records the outcome; `later` records nothing: the workspace has too many open
-- requests, or another transaction is inserting some. Without a key of its own a message has its id for one. Does not block.
create function goalpost_private.take_message(
  p_source text, p_message_id text, p_message jsonb, p_now timestamptz, out outcome text, out reason text, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_opened record;
begin
  functions := '{}';
  reason := goalpost_private.message_problem(p_message);
  outcome := case when reason is not null then 'refused' end;
  if outcome is null then
    v_workspace_id := (p_message ->> 'workspace_id')::uuid;
    -- The lock of refuse_too_many_requests.
    if not pg_try_advisory_xact_lock(hashtextextended('goalpost.open_requests.' || v_workspace_id, 0)) then
      outcome := 'later';
      return;
    end if;
    begin
      v_opened := goalpost_private.open_request_of_message(
        p_message, coalesce(p_message ->> 'idempotency_key', format('message %s of %s', p_message_id, p_source)), p_now);
      outcome := case when v_opened.request_id is null then 'repeated' else 'asked' end;
      functions := coalesce(v_opened.functions, '{}');
    exception
      when sqlstate 'ZG006' then
        outcome := 'later';
        return;
      when others then
        outcome := 'refused';
        reason := left(sqlerrm, 1000);
    end;
  end if;
  insert into goalpost.request_messages (workspace_id, source, message_id, user_id, outcome, request_id, reason, decided_at)
  values (v_workspace_id, p_source, p_message_id, goalpost_private.as_uuid(p_message ->> 'user_id'), outcome,
          case outcome when 'asked' then v_opened.request_id end, reason, p_now)
  on conflict on constraint one_row_of_a_message do update
    set workspace_id = excluded.workspace_id, user_id = excluded.user_id, outcome = excluded.outcome,
        request_id = excluded.request_id, reason = excluded.reason, decided_at = excluded.decided_at;
end
$$;

-- Accepts messages of the queue, at most p_limit. Called by claims and the sweep. A message leaves the queue in the
-- transaction that accepts it: accepted ones are deleted, refused ones are archived, those for later stay for ten seconds.
create function goalpost_private.take_queued_requests(
  p_limit integer, p_now timestamptz, out taken_count integer, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_message record;
  v_taken record;
begin
  taken_count := 0;
  functions := '{}';
  if not exists (select from pgmq.q_goalpost_requests q where q.vt <= clock_timestamp()) then
    return;
  end if;
  for v_message in
    select m.msg_id, m.enqueued_at, m.message
      from pgmq.read(queue_name => 'goalpost_requests', vt => 0, qty => p_limit) m order by m.msg_id
  loop
    v_taken := goalpost_private.take_message(
      'supabase', format('%s of %s', v_message.msg_id, v_message.enqueued_at at time zone 'UTC'), v_message.message, p_now);
    functions := functions || v_taken.functions;
    if v_taken.outcome = 'later' then
      perform pgmq.set_vt('goalpost_requests', v_message.msg_id, 10);
    elsif v_taken.outcome = 'refused' then
      perform pgmq.archive('goalpost_requests', v_message.msg_id);
      taken_count := taken_count + 1;
    else
      perform pgmq.delete('goalpost_requests', v_message.msg_id);
      taken_count := taken_count + 1;
    end if;
  end loop;
end
$$;
