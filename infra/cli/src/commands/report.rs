//! `goalpost report ID`: the whole report of a goal as Markdown, JSON, or one HTML file.

mod html;
mod markdown;

use std::fs;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::arguments::{Global, Report as Arguments};
use super::{answer, connect, print, print_json};

/// The answer of `read_report`. Costs in micro-dollars.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Report {
    goal: Goal,
    question: Option<String>,
    plan: Option<Plan>,
    criteria: Vec<Criterion>,
    steps: Vec<Step>,
    approvals: Vec<Approval>,
    feedback: Vec<Feedback>,
    usage: Usage,
    estimate: Option<Value>,
    history: Vec<Earlier>,
    suggestions: Vec<Suggestion>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Goal {
    id: i64,
    title: String,
    goal_type: String,
    state: String,
    reason: Option<String>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    seconds: Option<f64>,
    report: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Plan {
    revision: i32,
    reasons: Vec<String>,
    runbook: Option<String>,
    version: Option<i32>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Criterion {
    description: String,
    verdict: String,
    evidence: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Step {
    goal_id: i64,
    key: String,
    kind: String,
    title: String,
    state: String,
    agent: Option<String>,
    agent_version: Option<i32>,
    attempts: i64,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    seconds: Option<f64>,
    calls: i64,
    tokens: i64,
    cost_microusd: i64,
    error: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Approval {
    kind: String,
    question: String,
    state: String,
    was_edited: bool,
    comment: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Feedback {
    step_key: String,
    rating: String,
    comment: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Usage {
    all: Total,
    agents: Vec<OfAgent>,
    models: Vec<OfModel>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Total {
    calls: i64,
    input_tokens: i64,
    output_tokens: i64,
    cost_microusd: i64,
    estimated_microusd: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct OfAgent {
    agent: String,
    version: i32,
    calls: i64,
    tokens: i64,
    cost_microusd: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct OfModel {
    provider: String,
    model: String,
    calls: i64,
    tokens: i64,
    cost_microusd: i64,
}

/// An ended goal of the same kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Earlier {
    goal_id: i64,
    state: String,
    ended_at: DateTime<Utc>,
    seconds: f64,
    calls: i64,
    cost_microusd: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Suggestion {
    code: String,
    message: String,
}

impl Report {
    /// Returns the estimated cost in micro-dollars; none without an estimate.
    fn estimated(&self) -> Option<f64> {
        self.estimate.as_ref()?.get("cost_microusd")?.as_f64()
    }
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let report: Report = client
        .call("read_report", &json!({"p_goal_id": arguments.goal}))
        .await?;
    if let Some(path) = &arguments.html {
        fs::write(path, html::page(&report))
            .with_context(|| format!("writing {}", path.display()))?;
        if !global.json {
            print(&format!("Wrote {}.", path.display()));
        }
        return Ok(());
    }
    if global.json {
        return print_json(&report);
    }
    answer::print_text(&markdown::text(&report));
    Ok(())
}
