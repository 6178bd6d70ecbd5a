-- Returns the secret that signs a workspace's webhooks: {"secret": text or null}.
-- Called by the executor's `webhook` tool, for a step it holds that may call it. Reads only. Raises ZG009, ZG002.
create function goalpost_worker.read_webhook_secret(p_run_id bigint, p_step_key text, p_lease_epoch bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.leased_step(p_run_id, p_step_key, p_lease_epoch);
begin
  if 'webhook' = any (goalpost_private.tools_of_step(v_step)) is not true then
    perform goalpost_private.refuse('ZG002', 'this step may not call webhook');
  end if;
  return jsonb_build_object('secret', (
    select s.decrypted_secret from vault.decrypted_secrets s
     where s.name = 'goalpost_webhook_' || v_step.workspace_id::text));
end
$$;
