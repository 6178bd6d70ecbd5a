-- The operators of the project. The owner of the database adds the first (README, "Operators and members"), an existing
-- one adds all others; the last one stays.

-- Returns the one person of this id or e-mail address. Raises ZG001.
create function goalpost_private.find_person(p_person text) returns uuid
language plpgsql stable
set search_path = ''
as $$
declare
  v_id constant uuid := (
    select u.id from auth.users u
     where u.id::text = lower(trim(p_person)) or lower(u.email) = lower(trim(p_person))
     order by u.id limit 1);
begin
  if v_id is null then
    perform goalpost_private.refuse('ZG001', 'there is no such person', 'give the id of a user of this project, or an e-mail address');
  end if;
  return v_id;
end
$$;
