//! `goalpost approve`, `reject`, `cancel` and `retry`: what a person decides.

use anyhow::bail;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::arguments::{self, Global};
use super::{connect, print, print_json};

#[derive(Serialize, Deserialize)]
struct Decided {
    approval_id: i64,
    state: String,
    first: bool,
}

/// Approves or rejects; the first decision wins.
pub(super) async fn approval(
    arguments: &arguments::Decision,
    decision: &str,
    global: &Global,
) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let call = json!({"p_approval_id": arguments.id, "p_decision": decision, "p_comment": arguments.comment});
    let decided: Decided = client.call("decide_approval", &call).await?;
    if global.json {
        print_json(&decided)?;
    }
    match (decided.state == decision, decided.first) {
        (true, true) => say(
            global,
            &format!("Approval {} is {}.", decided.approval_id, decided.state),
        ),
        (true, false) => say(
            global,
            &format!(
                "Approval {} was {} before; nothing changed.",
                decided.approval_id, decided.state
            ),
        ),
        (false, _) => bail!(
            "approval {} was {} before; the first decision stays.",
            decided.approval_id,
            decided.state
        ),
    }
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct Ended {
    state: String,
}

/// Cancels a goal, or a request with all that followed from it.
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
    say(
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

/// Tries a failed step again.
pub(super) async fn retry(arguments: &arguments::Retry, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let retried: Retried = client
        .call(
            "retry_dead_letter",
            &json!({"p_dead_letter_id": arguments.id}),
        )
        .await?;
    if global.json {
        return print_json(&retried);
    }
    print(&format!(
        "The step {} of run {} is {} again.",
        retried.step_key, retried.run_id, retried.state
    ));
    Ok(())
}

fn say(global: &Global, text: &str) {
    if !global.json {
        print(text);
    }
}
