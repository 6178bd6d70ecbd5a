-- Clears the stored result of a runbook's check after its plan has changed. A runbook is checked once after each change
-- and not at every start; one that breaks a rule is not started.
create function goalpost_private.invalidate_plan_check() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.is_sound := null;
  return new;
end
$$;

-- Clears the stored results of all runbooks' checks after the limits have changed.
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
