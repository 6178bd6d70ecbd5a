-- pg_cron's SQL interface. The clock that runs the jobs is infra/local/supabase/src/pg_cron, which opens a session of
-- its own per run, as the job's user. See README.md for what is the same as the original and what is not.

create schema cron;
create sequence cron.jobid_seq;
create sequence cron.runid_seq;

create table cron.job (
  jobid bigint primary key default nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport integer not null default coalesce(inet_server_port(), 5432),
  database text not null default current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);

create table cron.job_run_details (
  jobid bigint,
  runid bigint primary key default nextval('cron.runid_seq'),
  job_pid integer,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);

-- Everybody sees and changes only jobs of their own name.
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);

-- One field of a schedule: `*`, or a list of values, ranges and steps within bounds. Names of months and
-- days are given as an array whose first element has the value p_low (months) or p_low (days).
create function cron._field_is_valid(p_field text, p_low integer, p_high integer, p_names text[])
returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  v_part text;
  v_match text[];
  v_first integer;
  v_last integer;
begin
  foreach v_part in array string_to_array(lower(p_field), ',') loop
    v_match := regexp_match(v_part, '^(\*|[0-9]+|[a-z]+)(?:-([0-9]+|[a-z]+))?(?:/([0-9]+))?$');
    if v_match is null or v_match[3]::numeric = 0 or length(v_part) > 20 then
      return false;
    end if;
    if v_match[1] = '*' then
      if v_match[2] is not null then
        return false;
      end if;
      continue;
    end if;
    v_first := case when v_match[1] ~ '^[0-9]' then v_match[1]::integer
      else array_position(p_names, v_match[1]) - 1 + p_low end;
    v_last := case when v_match[2] is null then v_first
      when v_match[2] ~ '^[0-9]' then v_match[2]::integer
      else array_position(p_names, v_match[2]) - 1 + p_low end;
    if v_first is null or v_last is null or v_first < p_low or v_last > p_high or v_first > v_last then
      return false;
    end if;
  end loop;
  return true;
exception
  when numeric_value_out_of_range then
    return false;
end
$$;

create function cron._schedule_is_valid(p_schedule text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  v_fields text[];
begin
  if p_schedule ~* '^\s*[1-5]?[0-9]\s+seconds?\s*$' then
    return substring(p_schedule from '[0-9]+')::integer between 1 and 59;
  end if;
  if lower(trim(p_schedule)) in
    ('@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly', '@annually', '@reboot') then
    return true;
  end if;
  v_fields := regexp_split_to_array(trim(p_schedule), '\s+');
  return cardinality(v_fields) = 5
    and cron._field_is_valid(v_fields[1], 0, 59, '{}')
    and cron._field_is_valid(v_fields[2], 0, 23, '{}')
    and (v_fields[3] = '$' or cron._field_is_valid(v_fields[3], 1, 31, '{}'))
    and cron._field_is_valid(v_fields[4], 1, 12,
      '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}')
    and cron._field_is_valid(v_fields[5], 0, 7, '{sun,mon,tue,wed,thu,fri,sat,sun}');
end
$$;

create function cron._refuse_invalid_schedule(p_schedule text) returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_schedule is null or not cron._schedule_is_valid(p_schedule) then
    raise exception using errcode = '22023',
      message = format('"%s" is not a schedule', p_schedule),
      hint = 'Give five cron fields, as in ''5 4 * * *'' (UTC), or an interval from ''1 seconds'' to ''59 seconds''.';
  end if;
end
$$;

-- The writing half, which runs as the owner: callers may read cron.job but not write it, as hosted. The
-- calling half below runs as the caller, only to learn their name.
create function cron._schedule_for(
  p_username text, p_job_name text, p_schedule text, p_command text, p_database text, p_active boolean
) returns bigint
language plpgsql security definer
set search_path = ''
as $$
declare
  v_job_id bigint;
begin
  perform cron._refuse_invalid_schedule(p_schedule);
  insert into cron.job (jobname, schedule, command, username, database, active)
  values (p_job_name, p_schedule, p_command, p_username, p_database, p_active)
  on conflict (jobname, username) do update
  set schedule = excluded.schedule, command = excluded.command, database = excluded.database,
    active = excluded.active
  returning jobid into v_job_id;
  return v_job_id;
end
$$;

create function cron._unschedule_for(p_username text, p_job_id bigint, p_job_name text) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  delete from cron.job
  where username = p_username and (jobid = p_job_id or jobname = p_job_name);
  if not found then
    raise exception using errcode = 'XX000',
      message = format('there is no job %s of the role %s',
        coalesce(p_job_id::text, quote_literal(p_job_name)), p_username),
      hint = 'select jobid, jobname, username from cron.job; lists the jobs there are.';
  end if;
  return true;
end
$$;

create function cron._alter_job_for(
  p_username text, p_job_id bigint, p_schedule text, p_command text, p_database text, p_new_username text,
  p_active boolean
) returns void
language plpgsql security definer
set search_path = ''
as $$
begin
  if p_schedule is not null then
    perform cron._refuse_invalid_schedule(p_schedule);
  end if;
  if p_new_username is distinct from p_username and p_new_username is not null then
    raise exception using errcode = '42501',
      message = format('only a superuser may give a job to another role than %s', p_username);
  end if;
  update cron.job
  set schedule = coalesce(p_schedule, schedule), command = coalesce(p_command, command),
    database = coalesce(p_database, database), active = coalesce(p_active, active)
  where jobid = p_job_id and username = p_username;
  if not found then
    raise exception using errcode = 'XX000',
      message = format('there is no job %s of the role %s', p_job_id, p_username);
  end if;
end
$$;

create function cron.schedule(job_name text, schedule text, command text) returns bigint
language sql
as $$
  select cron._schedule_for(current_user::text, job_name, schedule, command, current_database()::text, true)
$$;

create function cron.schedule(schedule text, command text) returns bigint
language sql
as $$
  select cron._schedule_for(current_user::text, null, schedule, command, current_database()::text, true)
$$;

create function cron.schedule_in_database(
  job_name text, schedule text, command text, database text, username text default null,
  active boolean default true
) returns bigint
language sql
as $$
  select cron._schedule_for(coalesce(username, current_user::text), job_name, schedule, command, database, active)
$$;

create function cron.unschedule(job_id bigint) returns boolean
language sql
as $$ select cron._unschedule_for(current_user::text, job_id, null) $$;

create function cron.unschedule(job_name text) returns boolean
language sql
as $$ select cron._unschedule_for(current_user::text, null, job_name) $$;

create function cron.alter_job(
  job_id bigint,
  schedule text default null,
  command text default null,
  database text default null,
  username text default null,
  active boolean default null
) returns void
language sql
as $$
  select cron._alter_job_for(current_user::text, job_id, schedule, command, database, username, active)
$$;

select pg_catalog.pg_extension_config_dump('cron.job', '');
select pg_catalog.pg_extension_config_dump('cron.jobid_seq', '');

-- As hosted: postgres reads the jobs and prunes the log; jobs change through the functions alone.
revoke execute on all functions in schema cron from public;
grant usage on schema cron to postgres with grant option;
grant select on cron.job to postgres with grant option;
grant all on cron.job_run_details to postgres with grant option;
grant usage on all sequences in schema cron to postgres with grant option;
grant execute on all functions in schema cron to postgres with grant option;
