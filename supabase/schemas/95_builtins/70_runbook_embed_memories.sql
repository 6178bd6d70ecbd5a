-- The built-in runbook `embed-memories`: embeds memories again after another embedding model was configured. Started by
-- its name (`goalpost memories reembed`): its title and description match no question.

do $runbook$
begin
  perform goalpost_private.publish_builtin_runbook(
    p_name => 'embed-memories',
    p_version => 1,
    p_title => 'Embed memories again',
    p_description => 'Embeds the memories of the workspace with the embedding model that is configured now.',
    p_goal_type => 'embed_memories',
    p_examples => '{}',
    p_requires_project_admin => false,
    p_plan => jsonb_build_object(
      'summary', 'Every memory in the space of the configured embedding model.',
      'criteria', jsonb_build_array(
        jsonb_build_object('description', 'The memories are embedded.', 'check', 'steps.embed is defined')),
      'steps', jsonb_build_array(
        jsonb_build_object('key', 'embed', 'kind', 'tool', 'title', 'Embed the memories', 'max_attempts', 3,
          'timeout_seconds', 3600,
          'input', jsonb_build_object('tool', 'embed_memories', 'arguments', jsonb_build_object()))),
      'report', jsonb_build_object('title', 'Memories embedded again',
        'body', 'Memories in the space `{{ steps.embed.space }}`: {{ steps.embed.memory_count }}.')));
end
$runbook$;
