//! What is decided without a model, the same way whether one is configured or not.
//!
//! A runbook that matches well enough is taken, a question that the catalogue rule covers is worked
//! out. Everything is cheap, and every decision names its reasons.

use serde_json::{Map, Value};

use crate::answer::{Assessment, Decision, NewGoal, Planned};
use crate::catalogue::{self, Covered};
use crate::error::{Error, Kind};
use crate::task::{Assess, PlanTask, RunbookMatch, RunbookOffer};

/// The score from which a runbook is taken to be what was asked for.
pub const RUNBOOK_SCORE: f64 = 0.4;

/// Words that ask for work rather than for an answer.
const ACTION_WORDS: &[&str] = &[
    "analyse",
    "analyze",
    "audit",
    "build",
    "check",
    "compare",
    "create",
    "draft",
    "find",
    "fix",
    "improve",
    "investigate",
    "migrate",
    "monitor",
    "optimise",
    "optimize",
    "plan",
    "prepare",
    "rank",
    "report",
    "research",
    "review",
    "schedule",
    "summarise",
    "summarize",
    "write",
];

/// Words in a question that is still short.
const SHORT_QUESTION_WORDS: usize = 15;

/// Decides on a question without a model, if that can be done: a question of an exact form first, then the best
/// runbook, then the rest of the catalogue rule.
pub(crate) fn assess(task: &Assess) -> Option<Assessment> {
    let (tools, tables) = (&task.tools, &task.tables);
    if let Some(covered) = catalogue::cover_exactly(&task.question, tools, tables) {
        return Some(worked_out(task, covered));
    }
    let best = task
        .runbooks
        .iter()
        .max_by(|a, b| a.score.total_cmp(&b.score).then(b.name.cmp(&a.name)));
    if let Some(runbook) = best.filter(|runbook| runbook.score >= RUNBOOK_SCORE) {
        return Some(runbook_s_goal(task, runbook));
    }
    catalogue::cover(&task.question, tools, tables).map(|covered| worked_out(task, covered))
}

fn runbook_s_goal(task: &Assess, runbook: &RunbookMatch) -> Assessment {
    let title = if runbook.title.is_empty() {
        &runbook.name
    } else {
        &runbook.title
    };
    let goal = NewGoal {
        title: title.clone(),
        description: task.question.clone(),
        goal_type: Some(runbook.name.clone()),
    };
    Assessment {
        decision: Decision::Goal { goal },
        score: 0.9,
        reasons: vec![format!(
            "matches runbook {} ({:.2})",
            runbook.name, runbook.score
        )],
    }
}

fn worked_out(task: &Assess, covered: Covered) -> Assessment {
    let (score, mut reasons) = complexity(&task.question);
    reasons.insert(0, covered.reason.to_owned());
    Assessment {
        decision: Decision::Steps {
            steps: covered.steps,
        },
        score,
        reasons,
    }
}

/// How complex a question looks from outside, from 0 to 1, and why.
#[must_use]
pub fn complexity(question: &str) -> (f64, Vec<String>) {
    let words: Vec<String> = question
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let action = words
        .iter()
        .find(|word| ACTION_WORDS.contains(&word.as_str()));
    let is_short = words.len() <= SHORT_QUESTION_WORDS;
    let mut reasons = Vec::new();
    let mut score: f64 = 0.1;
    match (action, is_short) {
        (None, true) => reasons.push("short question without action words".to_owned()),
        (Some(word), _) => {
            score += 0.4;
            reasons.push(format!("action word \"{word}\""));
        }
        (None, false) => {}
    }
    if !is_short {
        score += 0.3;
        reasons.push(format!("{} words", words.len()));
    }
    (score, reasons)
}

/// Takes the best runbook as the plan, if it matches and this is the first try.
pub(crate) fn plan(task: &PlanTask) -> Result<Option<Planned>, Error> {
    let is_first_try = task.revision <= 1 && task.previous.is_none() && task.problems.is_empty();
    let Some(runbook) = best_runbook(task).filter(|_| is_first_try) else {
        return Ok(None);
    };
    if !runbook.allowed {
        let sentence = runbook.refusal.clone();
        let sentence =
            sentence.unwrap_or_else(|| format!("you may not use the runbook {}", runbook.name));
        return Err(Kind::RunbookNotAllowed(sentence).into());
    }
    let mut reasons = vec![format!(
        "runbook {} version {} ({:.2})",
        runbook.name, runbook.version, runbook.score
    )];
    reasons.extend(runbook.reasons.iter().cloned());
    Ok(Some(Planned {
        plan: runbook.plan.clone(),
        runbook_id: Some(runbook.runbook_id),
        reasons,
    }))
}

/// The runbook that the goal's type names, or else the one that matches best, well enough.
fn best_runbook(task: &PlanTask) -> Option<&RunbookOffer> {
    let named = task.goal.goal_type.as_deref();
    let named = task
        .runbooks
        .iter()
        .find(|runbook| named == Some(runbook.name.as_str()));
    let best = || {
        let order = |a: &&RunbookOffer, b: &&RunbookOffer| {
            a.score.total_cmp(&b.score).then(b.name.cmp(&a.name))
        };
        task.runbooks
            .iter()
            .max_by(order)
            .filter(|runbook| runbook.score >= RUNBOOK_SCORE)
    };
    named.or_else(best)
}

/// Returns an agent's result: the last call's fields and a text, the given one or the most telling there is.
#[must_use]
pub fn result_of(last: Option<&Value>, text: Option<String>) -> Map<String, Value> {
    let mut result = last.and_then(Value::as_object).cloned().unwrap_or_default();
    let own = result
        .get("text")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let rows = result.get("row_count").map(|count| format!("{count} rows"));
    let text = text.or(own).or(rows).unwrap_or_else(|| "done".to_owned());
    result.insert("text".into(), Value::String(text));
    result
}
