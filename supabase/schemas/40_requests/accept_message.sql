-- Accepts the request of a message of intake's queue on AWS: {"outcome": "asked" | "repeated" | "refused", "reason"}. The
-- message names workspace and person, and the queue's access policy vouches for it: so it is accepted only where a project
-- admin has set aws_requests (set_project_limits). Called by intake. Safe to repeat: by the message's id. Raises ZG002 (not
-- set), ZG003 (no id), ZG006 (the workspace has too many open requests: let the queue deliver it again). Locks the
-- workspace's open requests. Definer: workers may not write requests.
create function goalpost_worker.accept_message(p_message_id text, p_message jsonb) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_taken record;
begin
  if not (select l.aws_requests from goalpost_private.limits l) then
    perform goalpost_private.refuse('ZG002', 'requests of the AWS queue are not accepted in this project',
      'a project admin accepts them: goalpost admins limits --set aws_requests=true');
  end if;
  if coalesce(length(p_message_id), 0) not between 1 and 200 then
    perform goalpost_private.refuse('ZG003', 'a message has an id of 1 to 200 characters');
  end if;
  if exists (select from goalpost.request_messages m
              where m.source = 'aws' and m.message_id = p_message_id and m.outcome <> 'refused') then
    return jsonb_build_object('outcome', 'repeated', 'reason', null);
  end if;
  v_taken := goalpost_private.take_message('aws', p_message_id, p_message, v_now);
  if v_taken.outcome = 'later' then
    perform goalpost_private.refuse('ZG006', 'the workspace has too many open requests', 'the queue delivers the message again');
  end if;
  perform goalpost_private.send_wakes(v_taken.functions, '[]', v_now);
  return jsonb_build_object('outcome', v_taken.outcome, 'reason', v_taken.reason);
end
$$;
