//! One task, from its question to its end, with the simulated people.

use std::time::{Duration, Instant};

use anyhow::Context;
use local_stack::stack::{DEMO_WORKSPACE, Person, Stack};
use serde_json::{Value, json};

use super::ended::Ended;
use super::report::{TaskResult, Usage};
use super::score;
use super::tasks::Task;
use crate::people::Client;

/// Interval between two reads of a request: people decide over the same API, so no single call can wait for both.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Runs tasks one after the other.
pub(super) async fn chain(
    stack: &Stack,
    tasks: Vec<Task>,
    seconds: u64,
) -> anyhow::Result<Vec<TaskResult>> {
    let mut results = Vec::new();
    for task in tasks {
        let result = one(stack, &task, seconds).await;
        results.push(result.with_context(|| format!("task {}", task.name))?);
    }
    Ok(results)
}

async fn one(stack: &Stack, task: &Task, seconds: u64) -> anyhow::Result<TaskResult> {
    let owner = Client::of(stack, Person::Owner);
    let approver = Client::of(stack, Person::Approver);
    let began = Instant::now();
    let question = json!({"workspace_id": DEMO_WORKSPACE, "question": task.question});
    let asked = owner.post(&question, None).await?.into_body()?;
    let request_id = asked
        .get("request_id")
        .and_then(Value::as_i64)
        .context("no request")?;
    let limit = Duration::from_secs(seconds);
    let ended = loop {
        let ended = read_request(&owner, request_id).await?;
        if ended.state != "submitted" && ended.state != "accepted" || began.elapsed() > limit {
            break ended;
        }
        for person in [&owner, &approver] {
            decide(person, &owner, request_id, task).await?;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    };
    let took = began.elapsed();
    let db = stack.admin_db().await?;
    let problems = score::problems(task, &ended, &db).await?;
    let usage = usage(&owner, request_id).await?;
    Ok(TaskResult {
        name: task.name.clone(),
        kind: task.kind,
        problems,
        state: ended.state,
        usage,
        max_calls: task.max_calls,
        seconds: took.as_secs_f64(),
        text: ended.text,
    })
}

async fn read_request(owner: &Client, request_id: i64) -> anyhow::Result<Ended> {
    let query = format!("id=eq.{request_id}&select=state,answer_text,reason,goal_id");
    let rows = owner.rows("requests", &query).await?;
    let request = rows.first().context("the request is gone")?;
    let text = |name: &str| {
        request
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (answer, reason) = (text("answer_text"), text("reason"));
    Ok(Ended {
        state: text("state"),
        text: if answer.is_empty() { reason } else { answer },
        has_goal: request.get("goal_id").is_some_and(|id| !id.is_null()),
    })
}

/// Decides the open approvals of this task's request.
async fn decide(
    person: &Client,
    owner: &Client,
    request_id: i64,
    task: &Task,
) -> anyhow::Result<()> {
    let query = "select=approval_id,run_id,kind,answer_schema,subject_hash";
    let inbox = person.rows("inbox", query).await?;
    if inbox.is_empty() {
        return Ok(());
    }
    let runs = owner
        .rows(
            "workflow_runs",
            &format!("request_id=eq.{request_id}&select=id"),
        )
        .await?;
    let is_ours = |waiting: &&Value| {
        runs.iter()
            .any(|run| run.get("id") == waiting.get("run_id"))
    };
    for waiting in inbox.iter().filter(is_ours) {
        let is_question = waiting.get("kind").is_some_and(|kind| kind == "question");
        let decision = match (is_question, task.decision.as_str()) {
            (false, "reject") => "rejected",
            _ => "approved",
        };
        let mut arguments = json!({
            "p_approval_id": waiting.get("approval_id"), "p_decision": decision,
            "p_subject_hash": waiting.get("subject_hash"), "p_comment": null,
        });
        if let (true, Some(fields)) = (is_question, arguments.as_object_mut()) {
            fields.insert(
                "p_answer".to_owned(),
                answer(task, waiting.get("answer_schema")),
            );
        }
        // A refusal means that another decision was faster; the next read shows it.
        person.rpc("decide_approval", &arguments).await?;
    }
    Ok(())
}

/// Returns the task's answer in the form of the requested schema.
fn answer(task: &Task, schema: Option<&Value>) -> Value {
    let text = task
        .answer
        .clone()
        .unwrap_or_else(|| "As you think best.".to_owned());
    let kind = schema
        .and_then(|schema| schema.get("type"))
        .and_then(Value::as_str);
    match kind {
        None | Some("string") => Value::String(text),
        Some("object") => {
            let properties = schema
                .and_then(|schema| schema.get("properties"))
                .and_then(Value::as_object);
            let fields = properties.into_iter().flatten();
            let filled = fields.map(|(name, schema)| (name.clone(), answer(task, Some(schema))));
            Value::Object(filled.collect())
        }
        Some(_) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
    }
}

async fn usage(owner: &Client, request_id: i64) -> anyhow::Result<Usage> {
    let runs = owner
        .rows(
            "workflow_runs",
            &format!("request_id=eq.{request_id}&select=id"),
        )
        .await?;
    let ids: Vec<String> = runs
        .iter()
        .filter_map(|run| run.get("id"))
        .map(Value::to_string)
        .collect();
    let query = format!(
        "run_id=in.({})&select=input_tokens,output_tokens,cost_microusd",
        ids.join(",")
    );
    let events = owner.rows("usage_events", &query).await?;
    let sum = |name: &str| {
        events
            .iter()
            .filter_map(|event| event.get(name)?.as_u64())
            .sum()
    };
    Ok(Usage {
        calls: events.len(),
        input_tokens: sum("input_tokens"),
        output_tokens: sum("output_tokens"),
        cost_microusd: sum("cost_microusd"),
    })
}
