//! Evaluation of a language model: tasks over the demonstration shop, requested through the product's own API, each
//! with a verifiable outcome.
//!
//! The environment configures the model, as for `cargo goalpost up`. People are simulated by rules: approvers approve
//! or reject as the task defines, the requester gives the task's answer. The evaluation does not depend on prompts.

mod e5;
mod ended;
mod matching;
mod play;
mod report;
mod score;
mod tasks;

use std::path::Path;

use anyhow::Context;
use futures::stream::{self, StreamExt as _};
use local_stack::progress::Phase;
use local_stack::stack::{DEMO_WORKSPACE, Person, Stack, StackOptions};
use serde_json::json;

use crate::people::Client;
pub use e5::E5;
pub use matching::{HeldOut, Matched, MatchingReport, Shares, run as run_matching};
pub use report::{Report, TaskResult};
pub use tasks::{Kind, Task, Tasks};

/// Caps of the demonstration person: the limit of a run is the operator's account with the provider.
const DAY_MICROUSD: u64 = 200_000_000;
const DAY_TOKENS: u64 = 2_000_000_000;

/// Settings of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Tasks, in the order of the file.
    pub tasks: Tasks,
    /// Number of tasks that run side by side.
    pub parallel: usize,
    /// Seconds after which a task counts as not ended.
    pub task_seconds: u64,
    /// Price of the model's input and output in micro-dollars per million tokens, if given.
    pub price: Option<(u64, u64)>,
}

/// Runs the tasks on a stack of its own.
///
/// # Errors
/// No model is configured, or the stack does not start. A failed task is no error: see the report.
pub async fn run(settings: Settings, options: StackOptions) -> anyhow::Result<Report> {
    let has_key = options.openai_api_key.is_some() || options.anthropic_api_key.is_some();
    anyhow::ensure!(
        has_key || options.environment.contains_key("OPENAI_BASE_URL"),
        "no language model is configured: set OPENAI_API_KEY, ANTHROPIC_API_KEY or OPENAI_BASE_URL (with GOALPOST_MODEL), as for `cargo goalpost up`"
    );
    let model = options.environment.get("GOALPOST_MODEL").cloned();
    let progress = options.progress.clone();
    let stack = Stack::start(options).await?;
    let mut phase = progress.phase(format!("Playing {} tasks", settings.tasks.len()));
    let played = play_all(&settings, &stack, &mut phase).await;
    phase.done();
    let stopped = stack.stop().await.context("stopping the stack");
    let results = played?;
    stopped?;
    Ok(Report { model, results })
}

async fn play_all(
    settings: &Settings,
    stack: &Stack,
    phase: &mut Phase,
) -> anyhow::Result<Vec<TaskResult>> {
    prepare(settings, stack).await?;
    let chains = settings.tasks.chains();
    let mut playing = stream::iter(chains)
        .map(|chain| play::chain(stack, chain, settings.task_seconds))
        .buffer_unordered(settings.parallel.max(1));
    let mut results = Vec::new();
    while let Some(played) = playing.next().await {
        results.extend(played?);
        phase.note(report::note(&results, settings.tasks.len()));
    }
    results.sort_by_key(|result| settings.tasks.position(&result.name));
    Ok(results)
}

/// Adds the tables that the tasks need beside the shop, and sufficient caps.
async fn prepare(settings: &Settings, stack: &Stack) -> anyhow::Result<()> {
    let stage = include_str!("../../eval/stage.sql");
    let db = stack.admin_db().await?;
    db.batch_execute(stage)
        .await
        .context("preparing the shop")?;
    let owner = Client::of(stack, Person::Owner);
    let limits = json!({
        "max_open_requests": settings.tasks.len() + 10,
        "user_day_microusd": DAY_MICROUSD, "user_day_tokens": DAY_TOKENS,
    });
    let limits = json!({"p_workspace_id": DEMO_WORKSPACE, "p_limits": limits});
    let set = owner.rpc("set_workspace_limits", &limits).await?;
    set.into_body().context("setting the workspace's limits")?;
    let model = std::env::var("GOALPOST_MODEL").ok();
    if let (Some((input, output)), Some(model)) = (settings.price, model) {
        let provider = match model.starts_with("claude") {
            true => "anthropic",
            false => "openai",
        };
        let price = json!({
            "p_provider": provider, "p_model": model, "p_input_microusd": input, "p_output_microusd": output,
        });
        let set = owner.rpc("set_model_price", &price).await?;
        set.into_body().context("setting the model's price")?;
    }
    Ok(())
}

/// Reads the tasks that ship with the harness, or those of a file.
///
/// # Errors
/// The file cannot be read, or a task in it is invalid; the message names it.
pub fn read_tasks(file: Option<&Path>) -> anyhow::Result<Tasks> {
    match file {
        None => Tasks::parse(include_str!("../../eval/tasks.toml")),
        Some(path) => {
            let text = std::fs::read_to_string(path);
            Tasks::parse(&text.with_context(|| format!("reading {}", path.display()))?)
        }
    }
}
