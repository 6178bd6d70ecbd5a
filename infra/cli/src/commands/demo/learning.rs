//! The last part of the demo: a question of the same kind, before and after an improvement.
//!
//! Functions, journal, prices, analysis and approval are those of any stack; only the model is a
//! [stand-in](super::stand_in), which the functions are given for this part. Where the person's own model is configured
//! the part is left out: a real model costs money, and does not repeat itself at command.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use anyhow::{Context, bail};
use chrono::Utc;
use local_stack::stack::{DEMO_WORKSPACE, Person, Stack, StackOptions};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::raise::dollars;
use super::super::watch::{Until, Watcher};
use super::super::{answer, doctor, print, print_error};
use super::stand_in::{MODEL, ShopQuestion, StandIn};
use super::{Decision, Times, decide, heading};
use crate::render::{Screen, count, duration, table};
use client::{Client, Question, Work};

/// The prices of the stand-in, in micro-dollars for a million tokens: those of a small model.
const PRICES: (u64, u64) = (1_000_000, 4_000_000);

/// What there is to look at after the demo.
pub(super) struct Learned {
    pub(super) goal_id: i64,
    pub(super) improvement_id: i64,
    pub(super) runbook: String,
}

/// An improvement, as far as the demo shows it.
#[derive(Deserialize)]
struct Improvement {
    id: i64,
    approval_id: i64,
    change: Value,
    evidence: Value,
    expected: Value,
}

impl Improvement {
    /// Returns what speaks for it and what is expected, in lines below its title.
    fn lines(&self) -> Vec<String> {
        let number = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_f64);
        let change = |name: &str| {
            let at = |when| number(&self.expected, &format!("/{name}/{when}")).unwrap_or_default();
            (at("before"), at("after"))
        };
        let (calls, costs) = (change("model_calls"), change("cost_microusd"));
        let compared = number(&self.evidence, "/calls_compared").unwrap_or_default();
        vec![
            format!(
                "  improvement {}, replayed against those goals: all {compared} calls are the same",
                self.id
            ),
            format!(
                "  expected for a goal: {} instead of {} model calls, ${:.4} instead of ${:.4}",
                calls.1,
                calls.0,
                costs.1 / 1e6,
                costs.0 / 1e6
            ),
        ]
    }
}

/// The figures of one question.
struct Figures {
    goal_id: Option<i64>,
    calls: usize,
    steps_by_model: usize,
    steps: usize,
    cost_microusd: i64,
    milliseconds: i64,
    report: String,
}

impl Figures {
    /// Returns the last line of the report: its sentence, below the title.
    fn answer(&self) -> &str {
        self.report.trim().lines().next_back().unwrap_or_default()
    }
}

/// Returns true if a model of the person's own is configured.
pub(super) fn has_model(options: &StackOptions) -> bool {
    let models = doctor::models_of(options);
    let names_server = |name: &String| name.ends_with("_BASE_URL");
    !models.keys.is_empty() || models.environment.keys().any(names_server)
}

/// Prints why this part is left out.
pub(super) fn skip() {
    heading("4  What it learns", "");
    print_error(
        "Left out, since your own model is configured: it would cost money, and a model does not",
    );
    print_error(
        "repeat itself at command. Without OPENAI_API_KEY, OPENAI_BASE_URL and ANTHROPIC_API_KEY a",
    );
    print_error("scripted stand-in shows it. Your own work is analysed every hour, or at once by");
    print_error("`cargo goalpost improvements analyze`.");
}

/// Asks three questions of a kind, analyses them, has the proposal decided, and asks another one.
pub(super) async fn show(
    stack: &Stack,
    owner: &Client,
    decision: Decision,
    times: &mut Times,
) -> anyhow::Result<Option<Learned>> {
    heading("4  What it learns", "");
    let dim = |line: &str| print_error(&Screen::stderr().palette.dim(line));
    dim("A scripted stand-in answers in place of a language model; all else is real. Set");
    dim("OPENAI_API_KEY to have a model work on your own questions (cargo goalpost up).");
    print_error("");
    let began = Instant::now();
    let company = Company::open(stack, owner).await?;
    let today = Utc::now().date_naive();
    let of_month = |category, months_ago| ShopQuestion::of_month(category, today, months_ago);

    let first = company.ask(&of_month("Coffee", 4), true).await?;
    print_error("\nTwo more of the kind, with their model calls, cost and time:");
    for question in [of_month("Tea", 3), of_month("Kitchen", 2)] {
        let one = company.ask(&question, false).await?;
        let line = format!(
            "  {}  {}, {}, {}",
            one.answer(),
            count(one.calls as u64, "call"),
            dollars(one.cost_microusd),
            duration::milliseconds(one.milliseconds)
        );
        print_error(&line);
    }
    times.push(("Three questions of a kind".to_owned(), began.elapsed()));

    let began = Instant::now();
    let improvement = company.analyze().await?;
    times.push(("Analysis".to_owned(), began.elapsed()));
    let began = Instant::now();
    let approval = owner.approval(improvement.approval_id).await?;
    let verdict = decide(
        stack,
        &approval,
        &improvement.lines(),
        decision,
        Person::Owner,
    )
    .await?;
    times.push(("Waiting for that decision".to_owned(), began.elapsed()));
    if verdict != "approved" {
        print_error(
            "Rejected, so nothing changes: the next question would be worked like the first.",
        );
        return Ok(None);
    }

    let began = Instant::now();
    let second = company.ask(&of_month("Garden", 1), true).await?;
    times.push(("The question after it".to_owned(), began.elapsed()));
    let name = improvement.change.get("name").and_then(Value::as_str);
    let name = name.context("the improvement names no runbook")?.to_owned();
    print_comparison(&first, &second);
    Ok(Some(Learned {
        goal_id: second.goal_id.context("the question became no goal")?,
        improvement_id: improvement.id,
        runbook: name,
    }))
}

/// The shop's owner with the stand-in that the functions call.
struct Company<'a> {
    owner: &'a Client,
    stand_in: StandIn,
}

impl<'a> Company<'a> {
    /// Starts the stand-in, prices it, and configures the functions with it.
    async fn open(stack: &Stack, owner: &'a Client) -> anyhow::Result<Self> {
        let stand_in = StandIn::start().await?;
        let (input, output) = PRICES;
        let price = json!({"p_provider": "openai", "p_model": MODEL, "p_input_microusd": input, "p_output_microusd": output});
        let _: Value = owner.call("set_model_price", &price).await?;
        stack.host().set_environment(&BTreeMap::from([
            ("OPENAI_BASE_URL".to_owned(), stand_in.base_url.clone()),
            ("GOALPOST_MODEL".to_owned(), MODEL.to_owned()),
        ]));
        Ok(Self { owner, stand_in })
    }

    /// Asks a question and waits for its end; with its steps and its answer on the screen, or silently.
    async fn ask(&self, question: &ShopQuestion, is_shown: bool) -> anyhow::Result<Figures> {
        self.stand_in.prepare(question);
        let question = question.text();
        let asked = Question::new(DEMO_WORKSPACE, &question);
        if !is_shown {
            let accepted = self.owner.ask(&asked).await?;
            return self
                .figures(&self.until_ended(accepted.request_id).await?)
                .await;
        }
        print_error(&format!(
            "{}\n",
            Screen::stderr().palette.live(&format!("> {question}"))
        ));
        let accepted = self.owner.ask(&asked).await?;
        let work = Watcher::new(self.owner, accepted.request_id)
            .watch(Until::Ended)
            .await?;
        let figures = self.figures(&work).await?;
        print_error("");
        print(figures.answer());
        Ok(figures)
    }

    async fn until_ended(&self, request_id: i64) -> anyhow::Result<Work> {
        super::super::ask::until_ended(self.owner, request_id).await
    }

    async fn figures(&self, work: &Work) -> anyhow::Result<Figures> {
        answer::outcome(work)?;
        let usage = self.owner.usage(&work.runs).await?;
        let by_model: BTreeSet<_> = usage
            .iter()
            .map(|call| (call.run_id, &call.step_key))
            .collect();
        let request = &work.request;
        let took = request.ended_at.unwrap_or_else(Utc::now) - request.created_at;
        Ok(Figures {
            goal_id: request.goal_id,
            calls: usage.len(),
            steps_by_model: by_model.len(),
            steps: work.steps.len(),
            cost_microusd: usage.iter().map(|call| call.cost_microusd).sum(),
            milliseconds: took.num_milliseconds(),
            report: work.outcome().unwrap_or_default().to_owned(),
        })
    }

    /// Has the workspace analysed and returns the runbook that is proposed.
    async fn analyze(&self) -> anyhow::Result<Improvement> {
        let palette = Screen::stderr().palette;
        print_error(&format!(
            "\n{}\n",
            palette.live("> cargo goalpost improvements analyze")
        ));
        let call = json!({"p_workspace_id": DEMO_WORKSPACE});
        let started: Value = self.owner.call("start_analysis", &call).await?;
        let request = started.get("request_id").and_then(Value::as_i64);
        let work = self
            .until_ended(request.context("no analysis was started")?)
            .await?;
        answer::outcome(&work)?;
        let query = [
            (
                "select",
                "id,approval_id,change,evidence,expected".to_owned(),
            ),
            ("kind", "eq.runbook".to_owned()),
            ("state", "eq.proposed".to_owned()),
        ];
        let found: Vec<Improvement> = self.owner.select("improvements", &query).await?;
        let Some(improvement) = found.into_iter().next() else {
            bail!(
                "the analysis proposes no runbook: {}",
                work.outcome().unwrap_or_default()
            );
        };
        let note = "No model is called: code reads the rows of the workspace.";
        print_error(&palette.dim(note));
        Ok(improvement)
    }
}

/// Prints the figures of both questions side by side.
fn print_comparison(first: &Figures, second: &Figures) {
    let screen = Screen::stderr();
    let by_model = |one: &Figures| format!("{} of {}", one.steps_by_model, one.steps);
    let row =
        |name: &str, of: &dyn Fn(&Figures) -> String| vec![name.to_owned(), of(first), of(second)];
    let rows = [
        row("Model calls", &|one| one.calls.to_string()),
        row("Steps with a model", &by_model),
        row("Cost", &|one| dollars(one.cost_microusd)),
        row("Time", &|one| duration::milliseconds(one.milliseconds)),
    ];
    print_error("");
    let headings = ["", "FIRST QUESTION", "WITH THE RUNBOOK"];
    for line in table::lines(screen, &headings, &rows) {
        print_error(&line);
    }
}
