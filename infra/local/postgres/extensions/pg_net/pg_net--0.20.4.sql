-- pg_net's SQL interface. The functions queue a request and wake the worker when the transaction commits;
-- the worker is infra/local/supabase/src/pg_net. See README.md for what is the same as the original and what is not.

create schema net;

create domain net.http_method as text
  check (value is null or upper(value) in ('GET', 'POST', 'DELETE'));

-- Unlogged, as the original's: a crash of the server empties both. Whoever needs certainty must not rely
-- on what lies here.
create unlogged table net.http_request_queue (
  id bigserial,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds integer not null
);

create unlogged table net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out boolean,
  error_msg text,
  created timestamptz not null default now()
);
create index on net._http_response (created);

-- A notification is delivered at commit, and equal ones of a transaction once: so a thousand requests in a
-- transaction wake the worker one time, after they can be seen. Direct inserts wake nobody.
create function net.wake() returns void
language sql
set search_path = ''
as $$ select pg_catalog.pg_notify('pg_net_wake', '') $$;

create function net._urlencode_string(string varchar) returns text
language sql immutable strict
set search_path = ''
as $$
  select coalesce(string_agg(
    case
      when letter ~ '^[A-Za-z0-9_.~-]$' then letter
      else regexp_replace(upper(encode(convert_to(letter, 'UTF8'), 'hex')), '(..)', '%\1', 'g')
    end, '' order by position), '')
  from regexp_split_to_table(string, '') with ordinality as split(letter, position)
$$;

create function net._encode_url_with_params(p_url text, p_params jsonb) returns text
language sql immutable
set search_path = ''
as $$
  select case
    when pairs is null then p_url
    else p_url || case when position('?' in p_url) > 0 then '&' else '?' end || pairs
  end
  from (
    select string_agg(net._urlencode_string(key) || '=' || net._urlencode_string(value), '&') as pairs
    from jsonb_each_text(coalesce(p_params, '{}'))
  ) as encoded
$$;

create function net._enqueue(
  p_method text, p_url text, p_params jsonb, p_headers jsonb, p_body bytea, p_timeout_milliseconds integer
) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_request_id bigint;
begin
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (p_method, net._encode_url_with_params(p_url, p_params), p_headers, p_body, p_timeout_milliseconds)
  returning id into v_request_id;
  perform net.wake();
  return v_request_id;
end
$$;

create function net.http_get(
  url text,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{}'::jsonb,
  timeout_milliseconds integer default 5000
) returns bigint
language sql
set search_path = ''
as $$ select net._enqueue('GET', url, params, headers, null, timeout_milliseconds) $$;

create function net.http_post(
  url text,
  body jsonb default '{}'::jsonb,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{"Content-Type": "application/json"}'::jsonb,
  timeout_milliseconds integer default 5000
) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_headers jsonb := coalesce(headers, '{}');
  v_content_type text;
begin
  select value into v_content_type
  from jsonb_each_text(v_headers)
  where lower(key) = 'content-type'
  limit 1;
  if v_content_type is null then
    v_headers := v_headers || '{"Content-Type": "application/json"}';
  elsif v_content_type <> 'application/json' then
    raise exception 'net.http_post sends JSON only: the Content-Type header must be "application/json", not "%"',
      v_content_type;
  end if;
  return net._enqueue('POST', url, params, v_headers, convert_to(body::text, 'UTF8'), timeout_milliseconds);
end
$$;

create function net.http_delete(
  url text,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{}'::jsonb,
  timeout_milliseconds integer default 5000,
  body jsonb default null
) returns bigint
language sql
set search_path = ''
as $$
  select net._enqueue('DELETE', url, params, headers, convert_to(body::text, 'UTF8'), timeout_milliseconds)
$$;

-- As the original's newer versions: everybody may use it.
grant usage on schema net to public;
grant all on all tables in schema net to public;
grant all on all sequences in schema net to public;
grant usage on schema net to postgres with grant option;
grant all on all tables in schema net to postgres with grant option;
