-- Records changes in the project's tables for rules: from the trigger that set_request_rule creates, and from webhooks
-- (record_webhook).
-- A change is recorded in its own transaction and becomes a request in the next claim or sweep (ask_for_changes): the
-- request itself takes the lock of the workspace's open requests, for which the user's write would have to wait.

-- Records a change for every active rule that it meets, and returns their number. An error of one rule is recorded as
-- its problem. After 1,000 changes of one transaction, one row records that the rest is left out.
create function goalpost_private.record_change(
  p_schema text, p_table text, p_event text, p_new jsonb, p_old jsonb, p_source text
) returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_cause constant bigint := nullif(current_setting('goalpost.request_id', true), '')::bigint;
  v_before constant integer := coalesce(nullif(current_setting('goalpost.row_changes', true), '')::integer, 0);
  v_rule goalpost.request_rules;
  v_problem text;
  v_count integer := 0;
begin
  for v_rule in
    select * from goalpost.request_rules r
     where r.table_name = p_table and r.schema_name = p_schema and r.state = 'active' and p_event = any (r.events)
       and (v_cause is null or r.includes_own_writes) and (r.uses_trigger or p_source = 'webhook')
     order by r.id
  loop
    begin
      v_problem := null;
      continue when not goalpost_private.meets_conditions(v_rule.conditions, p_new, p_old);
      if v_before + v_count >= 1000 then
        v_problem := 'one transaction made more than 1000 changes; the rest of them ask nothing';
      end if;
      insert into goalpost_private.row_changes (workspace_id, rule_id, event, source, digest, row_values, caused_by, problem, changed_at)
      values (v_rule.workspace_id, v_rule.id, p_event, p_source,
              goalpost_private.digest_of_change(p_schema, p_table, p_event, p_new, p_old),
              jsonb_build_object('new', goalpost_private.pick_columns(p_new, v_rule.columns),
                                 'old', goalpost_private.pick_columns(p_old, v_rule.columns)),
              v_cause, v_problem, v_now);
    exception
      when others then
        insert into goalpost_private.row_changes (workspace_id, rule_id, event, source, digest, row_values, problem, changed_at)
        values (v_rule.workspace_id, v_rule.id, p_event, p_source, '', '{}', left(sqlerrm, 1000), v_now);
    end;
    v_count := v_count + 1;
  end loop;
  if v_count > 0 then
    perform set_config('goalpost.row_changes', (v_before + v_count)::text, true);
    if v_before = 0 then
      perform goalpost_private.wake_for_change(v_now);
    end if;
  end if;
  return v_count;
end
$$;

-- Wakes intake for a recorded change, once per transaction and at most one for two seconds. Unlike send_wake it locks no
-- wake: a drain would wait for the end of the user's transaction. A wake that is skipped wrongly costs the interval of a
-- sweep. An error is dropped for the same reason.
create function goalpost_private.wake_for_change(p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_wake goalpost.wakes;
begin
  if exists (select from goalpost.wakes w
              where w.function = 'intake' and w.acknowledged_at is null and w.sent_at > p_now - interval '2 seconds')
     or goalpost_private.live_intake_drains() >= (
       select coalesce(max(e.max_wakes), 8) from goalpost_private.endpoints e where e.function = 'intake')
  then
    return;
  end if;
  insert into goalpost.wakes (function, ready_count, sent_at) values ('intake', 1, p_now) returning * into v_wake;
  perform goalpost_private.post_wake(v_wake);
exception
  when others then
    return;
end
$$;

-- Records the change of a row. The trigger goalpost_request_rules on tables that a rule names, after each row; its
-- arguments are schema and table. The change itself never fails by it: an error is a warning in the log. A change that is
-- over the bound of its transaction costs one comparison.
-- Definer: the role that changes the table has no rights on rules.
create function goalpost_private.record_row_change() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if coalesce(nullif(current_setting('goalpost.row_changes', true), ''), '0')::integer <= 1000 then
    perform goalpost_private.record_change(tg_argv[0], tg_argv[1], lower(tg_op),
      case when tg_op <> 'DELETE' then to_jsonb(new) end, case when tg_op <> 'INSERT' then to_jsonb(old) end, 'trigger');
  end if;
  return null;
exception
  when others then
    raise warning 'a change of %.% is not recorded for its rules: %', tg_argv[0], tg_argv[1], sqlerrm;
    return null;
end
$$;
