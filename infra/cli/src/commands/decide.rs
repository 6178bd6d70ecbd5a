//! `goalpost approve`, `reject`, `cancel` and `retry`: the decisions of people.

use anyhow::bail;
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::arguments::{self, Global};
use super::{ask, connect, decision, edited, print, print_json};
use client::{Client, Inbox};

#[derive(Serialize, Deserialize)]
struct Decided {
    approval_id: i64,
    state: String,
    first: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    votes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quorum: Option<i64>,
}

/// Approves or answers; the first decision wins.
pub(super) async fn approve(
    arguments: &arguments::Decision,
    global: &Global,
) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let of_this = [("approval_id", format!("eq.{}", arguments.id))];
    let inbox: Vec<Inbox> = client.select("inbox", &of_this).await?;
    let call = decision::call(arguments, inbox.first())?;
    let decided: Decided = client.call("decide_approval", &call).await?;
    let is_answer = inbox
        .first()
        .is_some_and(|waiting| waiting.kind == "question");
    if is_answer && decided.first && decided.state == "approved" {
        if global.json {
            print_json(&decided)?;
        }
        print_text(
            global,
            &format!("Your answer to question {} is given.", decided.approval_id),
        );
        return Ok(());
    }
    report(&decided, "approved", global)
}

/// Rejects; the first decision wins.
pub(super) async fn reject(
    arguments: &arguments::Rejection,
    global: &Global,
) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let call = json!({"p_approval_id": arguments.id, "p_decision": "rejected", "p_comment": arguments.comment});
    let decided: Decided = client.call("decide_approval", &call).await?;
    report(&decided, "rejected", global)
}

fn report(decided: &Decided, decision: &str, global: &Global) -> anyhow::Result<()> {
    if global.json {
        print_json(decided)?;
    }
    let id = decided.approval_id;
    match (decided.state.as_str(), decided.first) {
        ("pending", _) if decided.quorum.is_none() => {
            print_text(global, &edited::passed_on(id, decided.waits_for.as_deref()))
        }
        ("pending", _) => print_text(
            global,
            &format!(
                "Your vote for approval {id} counts: {} of {}.",
                decided.votes.unwrap_or_default(),
                decided.quorum.unwrap_or_default()
            ),
        ),
        (state, true) if state == decision => {
            print_text(global, &format!("Approval {id} is {state}."));
        }
        (state, false) if state == decision => print_text(
            global,
            &format!("Approval {id} was {state} before; nothing changed."),
        ),
        (state, _) => bail!("approval {id} was {state} before; the first decision stays."),
    }
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct Ended {
    state: String,
}

/// Cancels a goal, or a request with everything that followed from it.
pub(super) async fn cancel(arguments: &arguments::Cancel, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let (name, ended): (&str, Ended) = match arguments.request {
        true => (
            "request",
            client
                .call("cancel_request", &json!({"p_request_id": arguments.id}))
                .await?,
        ),
        false => (
            "goal",
            client
                .call("cancel_goal", &json!({"p_goal_id": arguments.id}))
                .await?,
        ),
    };
    if global.json {
        print_json(&json!({format!("{name}_id"): arguments.id, "state": ended.state}))?;
    }
    if ended.state != "cancelled" {
        bail!(
            "the {name} {} had ended before: it is {}.",
            arguments.id,
            ended.state
        );
    }
    print_text(
        global,
        &format!("The {name} {} is cancelled.", arguments.id),
    );
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct Retried {
    run_id: i64,
    step_key: String,
    state: String,
}

/// Retries a failed step.
pub(super) async fn retry(arguments: &arguments::Retry, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let Some(id) = arguments.id else {
        return retry_all(&client, arguments, global).await;
    };
    let call = json!({"p_dead_letter_id": id});
    let retried: Retried = client.call("retry_dead_letter", &call).await?;
    if global.json {
        return print_json(&retried);
    }
    print(&format!(
        "The step {} of run {} is {} again.",
        retried.step_key, retried.run_id, retried.state
    ));
    Ok(())
}

/// The answer of `retry_dead_letters`.
#[derive(Serialize, Deserialize)]
struct RetriedSteps {
    retried: Vec<RetriedStep>,
    refused: Vec<RefusedStep>,
    /// Steps beyond the limit.
    left: i64,
}

#[derive(Serialize, Deserialize)]
struct RetriedStep {
    dead_letter_id: i64,
    run_id: i64,
    step_key: String,
    code: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct RefusedStep {
    dead_letter_id: i64,
    reason: String,
}

async fn retry_all(
    client: &Client,
    arguments: &arguments::Retry,
    global: &Global,
) -> anyhow::Result<()> {
    let workspace = ask::workspace(client, arguments.workspace.as_deref()).await?;
    let call = json!({
        "p_workspace_id": workspace, "p_code": arguments.code, "p_limit": arguments.limit,
        "p_since": arguments.since.map(|since| since.before(Utc::now())), "p_dry_run": arguments.dry_run,
    });
    let answer: RetriedSteps = client.call("retry_dead_letters", &call).await?;
    if global.json {
        return print_json(&answer);
    }
    let verb = match arguments.dry_run {
        true => "would be retried",
        false => "is ready again",
    };
    for step in &answer.retried {
        print(&format!(
            "{}: the step {} of run {} {verb} ({})",
            step.dead_letter_id,
            step.step_key,
            step.run_id,
            step.code.as_deref().unwrap_or("no code")
        ));
    }
    for step in &answer.refused {
        print(&format!("{}: {}", step.dead_letter_id, step.reason));
    }
    if answer.retried.is_empty() && answer.refused.is_empty() {
        print("No failed step is left to be retried.");
    }
    if answer.left > 0 {
        print(&format!("{} more are beyond --limit.", answer.left));
    }
    Ok(())
}

fn print_text(global: &Global, text: &str) {
    if !global.json {
        print(text);
    }
}
