-- The built-in runbook `mcp-refresh`: lists the tools of an MCP server of the workspace, and shows those that wait for
-- an approval. Started by its name with {"server": …} (`goalpost mcp refresh`): its title and description match no
-- question.

do $runbook$
declare
  c_report constant text := $template$
{% for tool, state in steps.list.tools | items -%}
- `mcp.{{ steps.list.server }}.{{ tool }}`: {{ state }}
{% else -%}
It has no tools.
{% endfor %}
{% for note in steps.list.notes -%}
- {{ note }}
{% endfor %}
What is pending or changed is approved by an admin of the workspace (`approve_mcp_tool`), and not used before.$template$;
begin
  perform goalpost_private.publish_builtin_runbook(
    p_name => 'mcp-refresh',
    p_version => 1,
    p_title => 'Refresh what an MCP server offers',
    p_description => 'Lists the tools of an MCP server and keeps them for an admin to approve.',
    p_goal_type => 'mcp_refresh',
    p_examples => '{}',
    p_requires_project_admin => false,
    p_plan => jsonb_build_object(
      'summary', 'The tools of the server, as it describes them.',
      'criteria', jsonb_build_array(
        jsonb_build_object('description', 'The server''s tools are listed.', 'check', 'steps.list is defined')),
      'steps', jsonb_build_array(
        jsonb_build_object('key', 'list', 'kind', 'tool', 'title', 'List the tools', 'max_attempts', 2,
          'input', jsonb_build_object('tool', 'mcp_list', 'arguments', jsonb_build_object('server', '{{ parameters.server }}')))),
      'report', jsonb_build_object('title', 'What the MCP server offers', 'body', c_report)),
    p_parameters => '{"type": "object", "required": ["server"], "additionalProperties": false, "properties": {
      "server": {"type": "string", "minLength": 1, "maxLength": 100, "description": "the name of the server"}}}');
end
$runbook$;
