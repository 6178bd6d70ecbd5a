-- Raises an error with one of Goalpost's own SQLSTATEs, so that callers branch on codes and never on message text:
--   ZG001 not found            ZG002 not allowed        ZG003 invalid input
--   ZG004 conflict with the present state               ZG005 plan refused
--   ZG006 too many open requests                        ZG007 payload too large
--   ZG008 query refused        ZG009 lease lost         ZG011 query ran into its time limit
-- ZX001 is raised and caught within one function, to undo its writes (a code that ends in 000 would catch its class).
create function goalpost_private.refuse(p_code text, p_message text, p_hint text default null) returns void
language plpgsql
set search_path = ''
as $$
begin
  raise exception using errcode = p_code, message = p_message, hint = coalesce(p_hint, '');
end
$$;
