-- Wakes intake when people insert requests directly. Once per statement. It only sends wakes and changes no work.
create function goalpost_private.wake_for_requests() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_count integer := (select count(*) from inserted where state = 'submitted');
begin
  if v_count > 0 then
    perform goalpost_private.send_wake('intake', v_count, goalpost_private.clock());
  end if;
  return null;
end
$$;

create trigger wake_for_requests
  after insert on goalpost.requests
  referencing new table as inserted
  for each statement execute function goalpost_private.wake_for_requests();
