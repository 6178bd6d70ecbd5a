-- Limits on the size and shape of requests. They apply on every path, with a code and a message. The table's own
-- constraints are coarser, and their errors quote the row in the server's log.

-- Refuses a JSON value that cannot be passed on: sent to a worker inside other JSON (whose parsers stop at 128 levels),
-- and written as text without becoming many times its size (1e131071 is eight characters, and 131,072 digits). Raises
-- ZG003, or ZG007 for one that is too large. Null passes.
create function goalpost_private.refuse_unfit_shape(
  p_name text, p_value jsonb, p_max_bytes integer, p_hint text default null
) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_too_large constant text := format('%s has at most %s bytes', p_name, p_max_bytes);
begin
  -- The stored size is compared first: some values are larger than memory as text.
  if pg_column_size(p_value) > p_max_bytes then
    perform goalpost_private.refuse('ZG007', v_too_large, p_hint);
  elsif jsonb_path_exists(p_value, 'strict $.**{32 to last} ? (@.type() == "object" || @.type() == "array")') then
    perform goalpost_private.refuse('ZG003', p_name || ' is nested at most 32 levels deep', p_hint);
  elsif exists (select from jsonb_path_query(p_value, 'strict $.** ? (@.type() == "number")') n
                 where scale(n::numeric) > 308 or abs(n::numeric) >= 1e308) then
    perform goalpost_private.refuse('ZG003', p_name || ' holds no number of more than 308 digits', p_hint);
  elsif octet_length(p_value::text) > p_max_bytes then
    perform goalpost_private.refuse('ZG007', v_too_large, p_hint);
  end if;
end
$$;

-- Refuses a part of a request that cannot be passed on: ZG003, or ZG007 for one that is too large.
create function goalpost_private.refuse_unfit_object(p_name text, p_value jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  if jsonb_typeof(p_value) <> 'object' then
    perform goalpost_private.refuse('ZG003', p_name || ' is a JSON object');
  end if;
  perform goalpost_private.refuse_unfit_shape(
    p_name, p_value, 65536, 'put large or deep material into a table and refer to it');
end
$$;

-- Refuses an invalid budget of a request: ZG003.
create function goalpost_private.refuse_unfit_budget(p_budget jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_problem constant text := goalpost_private.json_problem(
    '{"type": "object", "additionalProperties": false, "properties": {
       "max_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "max_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "on_exhausted": {"enum": ["fail", "ask"]}, "approve_plan": {"type": "boolean"}}}',
    p_budget, 'the budget');
begin
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem,
      'a budget may hold max_microusd (a million is a dollar), max_tokens, on_exhausted (fail or ask) and approve_plan');
  end if;
end
$$;

-- Returns a text without leading and trailing white space.
create function goalpost_private.trimmed(p_text text) returns text
language sql immutable
set search_path = ''
as $$
  select btrim(p_text, E' \t\n\x0b\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000')
$$;

-- Returns true if a text has a character that no reader sees and no language needs: a control character, one that changes
-- the direction of text, or an invisible one other than the joiners of Persian and of emoji. Names must not have any.
create function goalpost_private.has_hidden_character(p_text text) returns boolean
language sql immutable
set search_path = ''
as $$
  select p_text ~ '[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]'
$$;

-- Refuses a request out of bounds: ZG003, or ZG007 for one that is too large. Definer: people may not call these
-- functions.
create function goalpost_private.refuse_unfit_request() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  -- Trimmed before any comparison, so that requests which differ only in surrounding spaces are equal on every path.
  new.question := goalpost_private.trimmed(new.question);
  new.idempotency_key := goalpost_private.trimmed(new.idempotency_key);
  if coalesce(length(new.question), 0) = 0 or length(new.question) > 16000 then
    perform goalpost_private.refuse('ZG003', 'a question has 1 to 16000 characters');
  end if;
  if length(new.idempotency_key) not between 1 and 255 then
    perform goalpost_private.refuse('ZG003', 'an idempotency key has 1 to 255 characters');
  end if;
  perform goalpost_private.refuse_unfit_object('context', new.context);
  perform goalpost_private.refuse_unfit_object('parameters', new.parameters);
  if new.budget <> '{}' then
    perform goalpost_private.refuse_unfit_budget(new.budget);
  end if;
  return new;
end
$$;

-- Refuses more open requests than a workspace may have, on every path (ZG006). Once per statement. Requests of one
-- workspace are accepted one transaction after the other.
create function goalpost_private.refuse_too_many_requests() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  -- An advisory lock for the workspace: otherwise two concurrent statements could both pass the check and exceed the
  -- cap.
  perform pg_advisory_xact_lock(hashtextextended('goalpost.open_requests.' || i.workspace_id, 0))
     from (select distinct n.workspace_id from inserted n order by 1) i;
  if exists (
    select from goalpost.workspaces w
     where w.id in (select i.workspace_id from inserted i)
       and (select count(*) from goalpost.requests q
             where q.workspace_id = w.id and q.state in ('submitted', 'accepted')) > w.max_open_requests)
  then
    perform goalpost_private.refuse('ZG006', 'the workspace has too many open requests',
      'wait until some have ended, cancel some, or raise workspaces.max_open_requests');
  end if;
  return null;
end
$$;

create trigger refuse_unfit_request
  before insert on goalpost.requests
  for each row execute function goalpost_private.refuse_unfit_request();

create trigger refuse_too_many_requests
  after insert on goalpost.requests
  referencing new table as inserted
  for each statement execute function goalpost_private.refuse_too_many_requests();
