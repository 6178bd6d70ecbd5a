//! `goalpost mcp`: servers whose tools agents may use, and the approval of those tools.

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{AskWhen, Global, Mcp, McpAction};
use super::{Usage, ask, connect, print, print_json};
use crate::render::{Screen, one_line};
use client::{Accepted, Client};

#[derive(Serialize, Deserialize)]
struct Server {
    id: i64,
    name: String,
    url: String,
    listed_at: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Tool {
    server_id: i64,
    name: String,
    original_name: Option<String>,
    description: String,
    parameters: Value,
    schema_hash: String,
    problem: Option<String>,
    state: String,
    idempotent: bool,
    writes: bool,
    approval: String,
}

impl Tool {
    /// Returns true for its name here and its name at the server.
    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.original_name.as_deref() == Some(name)
    }

    /// Returns its name at the server in brackets, where it has another one here.
    fn called_at_server(&self) -> String {
        let original = self.original_name.as_deref();
        original.map_or_else(String::new, |name| format!(" [{}]", one_line(name, 80)))
    }
}

pub(super) async fn run(arguments: &Mcp, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    match &arguments.action {
        McpAction::Add {
            name,
            address,
            header,
        } => add(&client, workspace, name, address, header.as_deref(), global).await,
        McpAction::List => list(&client, workspace, global).await,
        McpAction::Refresh { server } => refresh(&client, workspace, server, global).await,
        McpAction::Approve {
            server,
            tool,
            reads_only,
            repeatable,
            ask,
            yes,
        } => {
            let tool = find(&client, workspace, server, tool).await?;
            if !yes && !is_confirmed(server, &tool)? {
                bail!("nothing was approved");
            }
            let mut flags = serde_json::Map::new();
            if *reads_only {
                flags.insert("writes".into(), json!(false));
            }
            if *repeatable {
                flags.insert("idempotent".into(), json!(true));
            }
            if let Some(when) = ask {
                flags.insert("approval".into(), json!(word(*when)));
            }
            let call = json!({
                "p_workspace_id": workspace, "p_server": server, "p_tool": tool.name,
                "p_schema_hash": tool.schema_hash, "p_flags": flags,
            });
            let approved: Value = client.call("approve_mcp_tool", &call).await?;
            done(
                global,
                &approved,
                &format!("mcp.{server}.{} is approved.", tool.name),
            )
        }
        McpAction::Remove { server } => {
            let call = json!({"p_workspace_id": workspace, "p_name": server});
            let removed: Value = client.call("remove_mcp_server", &call).await?;
            done(
                global,
                &removed,
                &format!("The server {server} is removed."),
            )
        }
    }
}

async fn add(
    client: &Client,
    workspace: Uuid,
    name: &str,
    address: &str,
    header: Option<&str>,
    global: &Global,
) -> anyhow::Result<()> {
    let call = json!({"p_workspace_id": workspace, "p_name": name, "p_url": address, "p_auth_header_name": header});
    let added: Value = client.call("add_mcp_server", &call).await?;
    let mut text = format!("The server {name} is added.");
    if header.is_some() {
        text.push_str(&format!(
            "\nNext, its credentials: cargo goalpost secrets set mcp.{name}"
        ));
    }
    text.push_str(&format!("\nNext: cargo goalpost mcp refresh {name}"));
    done(global, &added, &text)
}

async fn list(client: &Client, workspace: Uuid, global: &Global) -> anyhow::Result<()> {
    let servers = servers(client, workspace).await?;
    let tools = tools(client, workspace).await?;
    if global.json {
        return print_json(&json!({"servers": servers, "tools": tools}));
    }
    if servers.is_empty() {
        print("This workspace has no MCP server. Add one: cargo goalpost mcp add NAME URL");
    }
    let screen = Screen::stdout();
    for server in &servers {
        let listed = if server.listed_at.is_some() {
            ""
        } else {
            "  (never listed: mcp refresh)"
        };
        print(&format!(
            "{}  {}{listed}",
            screen.palette.strong(&server.name),
            server.url
        ));
        for tool in tools.iter().filter(|tool| tool.server_id == server.id) {
            let held = match (tool.state.as_str(), tool.writes) {
                ("approved", true) => ", writes",
                ("approved", false) => ", reads only",
                _ => "",
            };
            let note = tool.problem.as_deref().unwrap_or(&tool.description);
            print(&format!(
                "  {}{}  {}{held}  {}",
                tool.name,
                tool.called_at_server(),
                tool.state,
                screen.palette.dim(&one_line(note, 80))
            ));
        }
    }
    Ok(())
}

/// Starts the runbook that lists a server, and waits for its result.
async fn refresh(
    client: &Client,
    workspace: Uuid,
    server: &str,
    global: &Global,
) -> anyhow::Result<()> {
    let call = json!({
        "p_workspace_id": workspace, "p_question": format!("Which tools does the MCP server {server} have?"),
        "p_runbook": "mcp-refresh", "p_parameters": {"server": server},
    });
    let accepted: Accepted = client.call("accept_request", &call).await?;
    ask::wait(client, accepted.request_id, None, global).await
}

async fn servers(client: &Client, workspace: Uuid) -> anyhow::Result<Vec<Server>> {
    let query = [
        ("workspace_id", format!("eq.{workspace}")),
        ("order", "name".to_owned()),
    ];
    Ok(client.select("mcp_servers", &query).await?)
}

async fn tools(client: &Client, workspace: Uuid) -> anyhow::Result<Vec<Tool>> {
    let query = [
        ("workspace_id", format!("eq.{workspace}")),
        ("order", "name".to_owned()),
    ];
    Ok(client.select("mcp_tools", &query).await?)
}

async fn find(client: &Client, workspace: Uuid, server: &str, tool: &str) -> anyhow::Result<Tool> {
    let servers = servers(client, workspace).await?;
    let found = servers.iter().find(|known| known.name == server);
    let found = found.with_context(|| format!("this workspace has no MCP server {server}"))?;
    let tools = tools(client, workspace).await?;
    let known = tools
        .into_iter()
        .find(|known| known.server_id == found.id && known.is_called(tool));
    known.with_context(|| {
        format!("{server} is not known to have a tool {tool}.\nAsk it: cargo goalpost mcp refresh {server}")
    })
}

/// Shows the description that models receive, and asks for approval.
fn is_confirmed(server: &str, tool: &Tool) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        let command = format!("cargo goalpost mcp approve {server} {} --yes", tool.name);
        return Err(Usage(format!(
            "approving shows the tool and asks, and there is no terminal to ask at. Look at it with `mcp list --json`, then: {command}"
        ))
        .into());
    }
    print(&format!(
        "mcp.{server}.{}{} ({})\n",
        tool.name,
        tool.called_at_server(),
        tool.state
    ));
    print(&tool.description);
    print(&serde_json::to_string_pretty(&tool.parameters).context("writing JSON")?);
    print("\nModels receive exactly this. Approve it? [y/N]");
    std::io::stdout().flush().context("writing")?;
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .context("reading the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn word(when: AskWhen) -> &'static str {
    match when {
        AskWhen::Never => "never",
        AskWhen::Always => "always",
        AskWhen::WhenTainted => "when_tainted",
    }
}

fn done(global: &Global, value: &Value, text: &str) -> anyhow::Result<()> {
    if global.json {
        return print_json(value);
    }
    print(text);
    Ok(())
}
