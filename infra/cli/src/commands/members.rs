//! `goalpost members`: members of a workspace, invitations, and leaving.

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{Global, Members, MembersAction};
use super::{ask, connect, print, print_json};
use crate::render::{Screen, age};
use client::Client;

#[derive(Serialize, Deserialize)]
struct Member {
    user_id: Uuid,
    role: String,
}

#[derive(Serialize, Deserialize)]
struct Invitation {
    id: i64,
    workspace_id: Uuid,
    workspace_name: String,
    email: Option<String>,
    user_id: Option<Uuid>,
    role: String,
    expires_at: DateTime<Utc>,
}

/// Runs `goalpost members …`.
pub(super) async fn run(arguments: &Members, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    // The invited person is not a member of any workspace yet.
    match &arguments.action {
        MembersAction::Accept { invitation } => {
            let call = json!({"p_invitation_id": invitation});
            let joined: Value = client.call("accept_invitation", &call).await?;
            let role = joined.get("role").and_then(Value::as_str);
            let text = format!("You are {} of the workspace.", role.unwrap_or_default());
            return done(global, &joined, &text);
        }
        MembersAction::Withdraw { invitation } => {
            let call = json!({"p_invitation_id": invitation});
            let gone: Value = client.call("withdraw_invitation", &call).await?;
            let text = format!("Invitation {invitation} is withdrawn.");
            return done(global, &gone, &text);
        }
        MembersAction::List => return list(&client, arguments, global).await,
        _ => {}
    }
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let (function, call, text) = match &arguments.action {
        MembersAction::Invite { person, role } => (
            "invite_member",
            json!({"p_workspace_id": workspace, "p_person": person, "p_role": role.name()}),
            format!(
                "{person} is invited as {}, if there is such a person.",
                role.name()
            ),
        ),
        MembersAction::Role { user, role } => (
            "set_member_role",
            json!({"p_workspace_id": workspace, "p_user_id": user, "p_role": role.name()}),
            format!("{user} is {} now.", role.name()),
        ),
        MembersAction::Remove { user } => (
            "remove_member",
            json!({"p_workspace_id": workspace, "p_user_id": user}),
            format!("{user} is removed; their requests are cancelled."),
        ),
        _ => (
            "leave_workspace",
            json!({"p_workspace_id": workspace}),
            "You have left the workspace.".to_owned(),
        ),
    };
    let answer: Value = client.call(function, &call).await?;
    let text = match answer.get("invitation_id") {
        Some(id) => format!("{text}\nThey accept it with: cargo goalpost members accept {id}"),
        None => text,
    };
    done(global, &answer, &text)
}

async fn list(client: &Client, arguments: &Members, global: &Global) -> anyhow::Result<()> {
    let invitations: Vec<Invitation> = client
        .select("invitations", &[("order", "id".to_owned())])
        .await?;
    let workspaces = client.workspaces().await?;
    let members: Vec<Member> = match workspaces.is_empty() {
        true => Vec::new(),
        false => {
            let workspace = ask::workspace(client, arguments.workspace.as_deref()).await?;
            let of_it = [
                ("workspace_id", format!("eq.{workspace}")),
                ("order", "created_at".to_owned()),
            ];
            client
                .select("members", &of_it)
                .await
                .context("listing the members")?
        }
    };
    if global.json {
        return print_json(&json!({"members": members, "invitations": invitations}));
    }
    let palette = Screen::stdout().palette;
    for member in &members {
        print(&format!("{}  {}", member.user_id, member.role));
    }
    for invitation in &invitations {
        let person = match (&invitation.email, invitation.user_id) {
            (Some(email), _) => email.clone(),
            (None, id) => id.map(|id| id.to_string()).unwrap_or_default(),
        };
        print(&palette.dim(&format!(
            "invitation {}: {person} as {} into {}, ends {}",
            invitation.id,
            invitation.role,
            invitation.workspace_name,
            age(invitation.expires_at, Utc::now())
        )));
    }
    if members.is_empty() && invitations.is_empty() {
        print("You are in no workspace, and no invitation waits for you.");
    }
    Ok(())
}

fn done(global: &Global, answer: &Value, text: &str) -> anyhow::Result<()> {
    if global.json {
        return print_json(answer);
    }
    print(text);
    Ok(())
}
