-- A runbook that breaks a rule is not started. Looked at once, not at every start: again after its plan or the limits
-- have changed.
create function goalpost_private.invalidate_plan_check() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.is_sound := null;
  return new;
end
$$;

create function goalpost_private.invalidate_plan_checks() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.runbooks set is_sound = null where is_sound is not null;
  return null;
end
$$;

create trigger invalidate_plan_check before update of plan on goalpost.runbooks
  for each row execute function goalpost_private.invalidate_plan_check();

create trigger invalidate_plan_checks after update on goalpost_private.limits
  for each statement execute function goalpost_private.invalidate_plan_checks();
